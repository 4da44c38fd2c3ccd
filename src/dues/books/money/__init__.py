"""Money: whether bills, payments, credits and refunds say what their entries do."""
