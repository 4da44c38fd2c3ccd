"""Secrets that are stored since they must be known: encrypted, where there is a key to encrypt them with."""
