"""Rates: so many in so much time, and the bucket that keeps to one."""

import re
from math import ceil
from typing import Final

from msgspec import Struct

WINDOWS: Final = {"s": 1, "m": 60, "h": 3600}
"""What a rate is said by, in seconds."""

_FORM: Final = re.compile(r"([1-9][0-9]{0,6})/([smh])")


class RateLimit(Struct, frozen=True):
    """`quota` at once, and as many again in every `window_seconds`."""

    quota: int
    window_seconds: int

    def __str__(self) -> str:
        [unit] = [unit for unit, seconds in WINDOWS.items() if seconds == self.window_seconds]
        return f"{self.quota}/{unit}"


def parse_rate_limit(text: str) -> RateLimit | None:
    """`100/s`, `6000/m` or `50000/h`; None for anything else."""
    found = _FORM.fullmatch(text)
    return RateLimit(int(found[1]), WINDOWS[found[2]]) if found else None


class Bucket:
    """Tokens, of which each request takes one. They come back one by one, evenly, up to the quota.

    Times are seconds of any clock that does not go back; one that does gives no tokens.
    """

    __slots__ = ("_at", "_tokens", "limit")

    def __init__(self, limit: RateLimit, now: float) -> None:
        self.limit = limit
        self._tokens = float(limit.quota)
        self._at = now

    def take(self, now: float) -> bool:
        """Takes a token, if there is one."""
        if not self.has_one(now):
            return False
        self._tokens -= 1
        return True

    def has_one(self, now: float) -> bool:
        """Whether there is a token."""
        quota = self.limit.quota
        if now > self._at:
            self._tokens = min(quota, self._tokens + (now - self._at) * quota / self.limit.window_seconds)
            self._at = now
        return self._tokens >= 1

    @property
    def remaining(self) -> int:
        """How many tokens there were when it was last asked."""
        return int(self._tokens)

    @property
    def seconds_until_full(self) -> int:
        """In how many seconds all of the quota is there again, rounded up."""
        missing = self.limit.quota - self._tokens
        return ceil(missing * self.limit.window_seconds / self.limit.quota)

    @property
    def seconds_until_one(self) -> int:
        """In how many seconds there is a token, rounded up; 1 at least."""
        missing = 1 - self._tokens
        return max(1, ceil(missing * self.limit.window_seconds / self.limit.quota))
