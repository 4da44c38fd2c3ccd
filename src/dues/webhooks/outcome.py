"""What came of an attempt to deliver."""

from msgspec import Struct


class Outcome(Struct, frozen=True):
    """What came of an attempt. `error`, if there was no whole answer, begins with a word that does not change."""

    status: int | None
    error: str | None
    duration_ms: int
    answer: str
    retry_after: float | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the endpoint has taken it."""
        return self.error is None and self.status is not None and 200 <= self.status < 300
