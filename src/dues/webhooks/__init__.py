"""Webhooks: events go out to whoever asked for them, signed and in order."""
