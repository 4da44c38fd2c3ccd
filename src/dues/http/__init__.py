"""The front door: routes, and the way of a request: authenticate → validate → claim → group → answer."""
