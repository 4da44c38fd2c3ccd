"""Lists that are had whole, as CSV: all rows, as they are at one instant."""
