"""When keys were last used."""
