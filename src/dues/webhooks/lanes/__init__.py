"""Lanes: what of one object an endpoint has still to get, one event after the other."""
