"""Merchants, their two modes, and the keys that open them."""
