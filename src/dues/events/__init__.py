"""News of a change, written in the transaction of the change."""
