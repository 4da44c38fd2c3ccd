"""What a merchant has in one mode, as files that any program reads: `dues export --all`."""
