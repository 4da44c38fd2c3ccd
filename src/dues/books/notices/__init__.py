"""Notices: what is no fault of the books, and waits for somebody who decides."""
