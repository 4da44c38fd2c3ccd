"""A primary and its standby, of which the primary is lost in every way."""
