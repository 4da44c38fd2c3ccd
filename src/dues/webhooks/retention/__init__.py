"""Retention of deliveries: what became of an event is kept as long as the event."""
