"""The test clock: how far ahead of the server's time a merchant's test data is. It only goes forward."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct

from dues.domain.fields import Time
from dues.domain.refusals import Refusal
from dues.domain.violations import Violation

OFFSET_SECONDS_MAX: Final = 315_576_000
"""Ten years: more than any due date needs, and nothing overflows. The schema has the same number."""


class ClockAdvance(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far to move the test clock: by `seconds`, or `to` a time."""

    seconds: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=OFFSET_SECONDS_MAX,
                description="By how many seconds: 86400 is a day.",
                extra={"unit": "seconds"},
                extra_json_schema={"example": 86400},
            ),
        ]
        | None
    ) = None
    to: Time | None = None

    def cross_check(self) -> Iterator[Violation]:
        """Yields an advance by nothing, and one by two measures."""
        if self.seconds is None and self.to is None:
            yield Violation("/seconds", "required", "is required, unless to is given: how far?")
        if self.seconds is not None and self.to is not None:
            yield Violation("/to", "one_only", "must not be given beside seconds: name one of them.")


def advance_test_clock(advance: ClockAdvance, server_now: datetime, offset_seconds: int) -> int | Refusal:
    """How far the clock is ahead afterwards, in seconds; it is never before `to`, and less than a second after it.

    Refuses `test_clock_backwards` and `test_clock_out_of_range`.
    """
    if advance.to is not None:
        now = server_now + timedelta(seconds=offset_seconds)
        if advance.to < now:
            detail = f"The test clock is at {now:%Y-%m-%dT%H:%M:%SZ} already, and only goes forward."
            return Refusal("test_clock_backwards", detail, "/to")
        offset = -((server_now - advance.to) // timedelta(seconds=1))
    else:
        offset = offset_seconds + (advance.seconds or 0)
    if offset > OFFSET_SECONDS_MAX:
        latest = server_now + timedelta(seconds=OFFSET_SECONDS_MAX)
        detail = f"The test clock would be more than ten years ahead. It may go to {latest:%Y-%m-%dT%H:%M:%SZ}."
        return Refusal("test_clock_out_of_range", detail, "/seconds" if advance.to is None else "/to")
    return offset
