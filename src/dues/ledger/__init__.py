"""The ledger: every change of a balance is one immutable entry."""
