"""Whether payments and their refunds say what their entries do."""
