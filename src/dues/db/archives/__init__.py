"""The archive of the embedded PostgreSQL: base backups and the log after them, to restore any moment."""
