"""Control totals: what all customers owed at two instants, and what every kind of movement between comes to."""
