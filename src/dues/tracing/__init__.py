"""Traces by OpenTelemetry, where they are asked for: spans of requests, waits, groups, statements and deliveries.

Nothing below knows of it. Where traces are wanted, `parts.py` gives the application parts that make spans in the place
of the usual ones; where not, nothing of OpenTelemetry is imported and nothing is asked on any way.
"""
