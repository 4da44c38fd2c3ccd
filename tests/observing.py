"""Nobody who watches what is purged."""


def unobserved(_table: str, _rows: int, _lag_seconds: float) -> None:
    """Is told, and does nothing."""
