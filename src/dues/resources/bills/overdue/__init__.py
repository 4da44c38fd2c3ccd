"""Bills that are overdue: found, and told of once."""
