"""Idempotency keys: what became of a request that was sent under one."""
