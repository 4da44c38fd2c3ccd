"""Payment links: made, listed, withdrawn, and found by the token in their address."""
