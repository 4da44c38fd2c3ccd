"""The commands of rows, and groups of them."""
