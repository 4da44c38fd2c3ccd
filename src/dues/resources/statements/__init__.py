"""Statements of account: what a customer or an account owed at two instants, and everything between."""
