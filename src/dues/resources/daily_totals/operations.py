"""What the API tells of a day."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct

from dues.domain.fields import filtered_by_id
from dues.domain.violations import Violation
from dues.resources.daily_totals.read import read_daily_totals
from dues.resources.daily_totals.wire import DailyTotalsBody
from dues.resources.operation import Answers, Operation


def _of_this_time(day: date) -> Iterable[Violation]:
    # The day after must be one too, and ids tell no time before 1970.
    if date(1970, 1, 2) <= day <= date(9999, 12, 30):
        return ()
    return (Violation("", "invalid_date", "must be a date of this time, like 2026-01-31."),)


class DayQuery(Struct, frozen=True):
    """Which day, and whose."""

    day: (
        Annotated[
            date, Meta(description="The day, YYYY-MM-DD; today where it is not said.", extra={"rule": _of_this_time})
        ]
        | None
    ) = None
    collector: (
        Annotated[str, filtered_by_id("Only what the collector with this key's id (`key_…`) brought.")] | None
    ) = None


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/billing/daily_totals",
        does=Answers(read_daily_totals),
        id="retrieve_daily_totals",
        tag="Payments",
        summary="What was paid and taken back on a day",
        description="By currency: the payments that were recorded that day (UTC), and those that were reversed that "
        "day. A collector sees its own.",
        query=DayQuery,
        answer=DailyTotalsBody,
        example={
            "day": "2026-01-20",
            "totals": [
                {
                    "currency": "ZAR",
                    "payments": 2,
                    "payments_amount": 80000,
                    "reversals": 1,
                    "reversals_amount": 50000,
                    "net_amount": 30000,
                }
            ],
        },
        collectors=True,
    ),
)
