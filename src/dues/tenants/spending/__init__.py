"""What keys with a daily limit have moved, day by day."""
