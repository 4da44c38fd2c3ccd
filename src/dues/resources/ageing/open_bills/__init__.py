"""Open bills with their ages: a page of them in an order, or all."""
