"""Summaries: what one customer or one account owes, currency by currency."""
