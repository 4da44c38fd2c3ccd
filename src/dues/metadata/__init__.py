"""The pairs of all metadata, which lists are filtered by."""
