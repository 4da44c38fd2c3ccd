"""Retention of events: they are kept for a while, and then deleted."""
