"""Leases: one process at a time delivers to an endpoint."""
