"""A small model of what the contract promises, and the machine that holds real servers to it."""
