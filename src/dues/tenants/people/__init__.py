"""People who work at the desk: invited, let in, and let out again."""
