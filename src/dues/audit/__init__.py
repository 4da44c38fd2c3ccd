"""The audit: what people did, one row for each write, in the transaction of what they did."""
