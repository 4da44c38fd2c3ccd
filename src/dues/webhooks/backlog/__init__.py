"""How much waits to be delivered."""
