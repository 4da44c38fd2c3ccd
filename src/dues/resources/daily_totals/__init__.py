"""Daily totals: what was paid and taken back on one day."""
