"""Leases: each endpoint is delivered to by one process at a time, for as long as that one renews its lease."""
