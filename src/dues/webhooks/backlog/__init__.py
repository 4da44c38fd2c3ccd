"""What waits to be delivered, for whoever watches the server."""
