"""Payables: what can be paid just now of a customer, an account or a bill."""
