"""When an event that an endpoint did not take is sent again, and when an endpoint is given up."""

import random
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

RETRY_SECONDS: Final = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""After the first attempt, the second, …: over three days in all."""

JITTER: Final = 0.1
"""So much sooner or later, so that what failed together does not come again together."""

GIVE_UP_AFTER: Final = timedelta(days=5)
"""An endpoint that answered with nothing but failures for so long is disabled."""

FAILURES_MAX: Final = 10
"""After so many failures in a row it is the endpoint that is broken, and nothing new is tried but to probe it."""

PROBE_SECONDS: Final = (5, 10, 20, 40, 80, 160, 300)
"""Between those probes. The last for all that follow, so that who is back is noticed within minutes."""


def next_attempt_at(attempts: int, now: datetime, retry_after: float | None) -> datetime | None:
    """When an event is sent again after so many attempts; None when these were all.

    The endpoint may ask for a later time (`retry_after` seconds), not for a sooner one.
    """
    if attempts > len(RETRY_SECONDS):
        return None
    seconds = RETRY_SECONDS[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    return now + timedelta(seconds=max(seconds, retry_after or 0))


class Hold(Struct, frozen=True):
    """How often in a row an endpoint has failed, and until when nothing new is tried at it."""

    failures: int
    until: datetime | None


def hold(failures: int, held_until: datetime | None, now: datetime, retry_after: float | None) -> Hold:
    """What one failure more makes of an endpoint that has failed so often in a row, and is held or not.

    Where it is held already, the attempt was under way when that began, or is a lane's: then it says nothing new.
    Else a moment's trouble that many attempts run into together would hold the endpoint for as long as an hour's.
    """
    seconds = retry_after or 0.0
    is_held = held_until is not None and held_until > now
    if not is_held:
        failures += 1
        if failures >= FAILURES_MAX:
            seconds = max(seconds, PROBE_SECONDS[min(failures - FAILURES_MAX, len(PROBE_SECONDS) - 1)])
    until = now + timedelta(seconds=seconds) if seconds else None
    return Hold(failures, max(held_until, until or held_until) if is_held and held_until else until)
