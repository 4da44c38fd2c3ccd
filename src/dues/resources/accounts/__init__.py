"""Accounts: the model room. What is its own stands here; what every noun has is said once, in commands/."""
