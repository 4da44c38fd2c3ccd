"""Customers: who owes, or has credit."""
