"""Checkouts: what is begun by payment links, how it is paid, and what becomes of it."""
