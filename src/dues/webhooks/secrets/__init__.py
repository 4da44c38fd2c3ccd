"""Webhook secrets as they are stored: encrypted, where there is a key to encrypt them with."""
