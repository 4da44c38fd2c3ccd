"""Payments: money that came in, under rules, and what became of it."""
