"""What the API tells of a day."""

from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct

from dues.domain.fields import DAY_RULE, TIME_ZONE_RULE, filtered_by_id
from dues.resources.daily_totals.read import read_daily_totals
from dues.resources.daily_totals.wire import DailyTotalsBody
from dues.resources.doing import Answers
from dues.resources.operation import Operation


class DayQuery(Struct, frozen=True):
    """Which day, and whose."""

    day: (
        Annotated[date, Meta(description="The day, YYYY-MM-DD; today where it is not said.", extra={"rule": DAY_RULE})]
        | None
    ) = None
    time_zone: (
        Annotated[
            str,
            Meta(
                max_length=64,
                description="Whose day: a time zone of the IANA database, like `Africa/Johannesburg`; the merchant's "
                "where it is not said.",
                extra={"rule": TIME_ZONE_RULE},
            ),
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
        description="By currency: the payments that were recorded that day, and those that were reversed that day. "
        "The day is the merchant's, or that of another `time_zone`. A collector sees its own.",
        query=DayQuery,
        answer=DailyTotalsBody,
        example={
            "day": "2026-01-20",
            "time_zone": "Africa/Johannesburg",
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
        problems=("amount_out_of_range",),
        collectors=True,
    ),
)
