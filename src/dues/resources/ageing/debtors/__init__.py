"""What each customer owes, by age: a page of them in an order, or all."""
