"""Promises, and the proof of each."""
