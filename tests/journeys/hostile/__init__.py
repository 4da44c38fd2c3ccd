"""A server with few open files, and clients who mean it no good."""
