"""The JSON of a day's totals."""

from datetime import date
from typing import Annotated

from msgspec import Struct

from dues.domain.fields import Currency, says


class TotalsBody(Struct, frozen=True, kw_only=True):
    """What was paid and taken back in one currency; amounts in the smallest unit."""

    currency: Currency
    payments: Annotated[int, says("How many payments were recorded.")]
    payments_amount: Annotated[int, says("What they come to.")]
    reversals: Annotated[int, says("How many payments were reversed, whenever they were recorded.")]
    reversals_amount: Annotated[int, says("What they come to.")]
    net_amount: Annotated[int, says("The payments less the reversals.")]


class DailyTotalsBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A day's totals: one for each currency in which there was anything."""

    day: Annotated[date, says("The day.")]
    time_zone: Annotated[str, says("Where it is that day.")]
    collector_id: Annotated[str, says("Whose they are: the id of the collector's key. Absent: everybody's.")] | None = (
        None
    )
    totals: list[TotalsBody]
