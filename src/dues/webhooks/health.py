"""What the outcomes of attempts say of an endpoint's health: when it is probed, held, and given up.

Pure: no database, no clock. An endpoint that fails is *held* when it asks for time, or after ten failures in a row:
nothing new is tried until then. After those ten it is *failing*: one event at a time probes whether it is back. After
five days of nothing but failures, or when it says that it is gone, it is given up.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from msgspec import Struct

from dues.domain.webhook_endpoints import DisabledReason

FAILURES_MAX: Final = 10
"""After so many failures in a row it is the endpoint that is broken, and nothing new is tried but to probe it."""

PROBE_SECONDS: Final = (5, 10, 20, 40, 80, 160, 300)
"""Between those probes. The last for all that follow, so that who is back is noticed within minutes."""

GIVE_UP_AFTER: Final = timedelta(days=5)
"""An endpoint that answered with nothing but failures for so long is disabled."""


class Health(Struct, frozen=True):
    """How often in a row an endpoint has failed, since when, and until when nothing new is tried at it."""

    failures: int = 0
    failing_since: datetime | None = None
    held_until: datetime | None = None

    @property
    def is_failing(self) -> bool:
        """Whether it is only probed."""
        return self.failures >= FAILURES_MAX

    def is_held(self, now: datetime) -> bool:
        """Whether nothing new is tried at it."""
        return self.held_until is not None and self.held_until > now


def after_success() -> Health:
    """What any success makes of an endpoint, whatever it was before."""
    return Health()


def after_failure(was: Health, now: datetime, retry_after: float | None) -> Health:
    """What one failure more makes of an endpoint, which may have asked for a time (`retry_after` seconds).

    Where it is held already, the attempt was under way when that began, or is a lane's: then it says nothing new.
    Else a moment's trouble that many attempts run into together would hold the endpoint for as long as an hour's.
    """
    failures = was.failures if was.is_held(now) else was.failures + 1
    seconds = retry_after or 0.0
    if failures > was.failures and failures >= FAILURES_MAX:
        seconds = max(seconds, PROBE_SECONDS[min(failures - FAILURES_MAX, len(PROBE_SECONDS) - 1)])
    until = now + timedelta(seconds=seconds) if seconds else None
    if was.is_held(now) and was.held_until:
        until = max(was.held_until, until or was.held_until)
    return Health(failures, was.failing_since or now, until)


def reason_to_disable(health: Health, statuses: Iterable[int | None], now: datetime) -> DisabledReason | None:
    """Why an endpoint that has answered with these statuses is given up, if it is."""
    if HTTPStatus.GONE in statuses:
        return "gone"
    if health.failing_since and now - health.failing_since >= GIVE_UP_AFTER:
        return "failing"
    return None
