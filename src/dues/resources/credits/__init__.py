"""Credits of bills: a bill is lowered, with a reason."""
