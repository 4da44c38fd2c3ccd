"""Whether bills and their credits say what their entries do."""
