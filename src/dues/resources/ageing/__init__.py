"""Ageing: what is owed, by how long it has been due, as of any day."""
