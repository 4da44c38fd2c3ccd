"""Closings: days that are closed, with their control totals, and what was entered of them afterwards."""
