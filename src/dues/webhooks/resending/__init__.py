"""Sending again: lanes for events that were asked for once more."""
