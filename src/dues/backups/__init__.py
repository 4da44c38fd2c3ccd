"""Backups: everything in one file, which any PostgreSQL that dues works with can be filled from."""
