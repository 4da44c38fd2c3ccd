"""Deliveries that are held: a copy of a database sends nothing that the original sends, until somebody lets it."""
