"""The desk, at `/desk`: who is let in, and pages that ask the API for them, as their role may."""
