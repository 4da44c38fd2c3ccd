"""Events are kept for a while, and then forgotten."""
