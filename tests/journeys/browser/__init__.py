"""Journeys through pages for people, in a real browser."""
