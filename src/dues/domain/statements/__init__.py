"""Statements: what was owed at the beginning and the end of some days, and what happened between."""
