"""Bills: an amount that a customer is to pay, on its own or for an account."""
