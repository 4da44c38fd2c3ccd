"""When an event that an endpoint did not take is sent again."""

import random
from datetime import datetime, timedelta
from typing import Final

RETRY_SECONDS: Final = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""After the first attempt, the second, …: over three days in all."""

JITTER: Final = 0.1
"""So much sooner or later, so that what failed together does not come again together."""


def next_attempt_at(attempts: int, now: datetime, retry_after: float | None) -> datetime | None:
    """When an event is sent again after so many attempts; None when these were all.

    The endpoint may ask for a later time (`retry_after` seconds), not for a sooner one.
    """
    if attempts > len(RETRY_SECONDS):
        return None
    seconds = RETRY_SECONDS[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    return now + timedelta(seconds=max(seconds, retry_after or 0))
