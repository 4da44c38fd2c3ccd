"""The `dues` command: a file per group of commands."""
