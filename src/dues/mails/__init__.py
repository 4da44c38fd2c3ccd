"""Mail goes out: what is due is taken, written, and given to a mail server."""
