"""The test clock: what time it is for a merchant's test data."""
