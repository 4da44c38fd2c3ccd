"""Sending again: one job of an endpoint, which its worker turns into lanes."""
