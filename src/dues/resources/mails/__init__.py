"""Mails: receipts and statements that were asked to be sent, and what became of that."""
