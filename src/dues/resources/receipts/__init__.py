"""Receipts: that a payment came, what it paid, and what became of it."""
