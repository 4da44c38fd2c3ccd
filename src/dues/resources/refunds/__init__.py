"""Refunds: money of payments that went out again."""
