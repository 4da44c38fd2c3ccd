"""The feed of events, as it is read."""
