"""A merchant to look at: a year of customers, bills and payments, made up from a seed. `dues demo`."""
