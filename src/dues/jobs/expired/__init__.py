"""Jobs that are to be forgotten."""
