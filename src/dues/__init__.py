"""dues: a self-hosted billing accounts server."""
