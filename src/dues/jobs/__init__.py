"""Jobs: what takes longer than a request. Each is a row with a position; whoever holds its lease carries it on."""
