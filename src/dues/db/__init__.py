"""PostgreSQL: the only place that knows the driver, the embedded server and the schema."""
