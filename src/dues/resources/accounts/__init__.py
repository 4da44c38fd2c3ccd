"""Accounts: the model room. A new room is made by copying this one."""
