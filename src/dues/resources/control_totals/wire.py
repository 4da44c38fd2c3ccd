"""Control totals as clients see them."""

import datetime
from typing import Annotated, Literal

from msgspec import Struct

from dues.domain.fields import Currency, says
from dues.domain.statements.causes import Cause
from dues.resources.statements.wire import PositionBody


class ControlLineBody(Struct, frozen=True, kw_only=True):
    """All movements of one kind."""

    cause: Annotated[Cause, says("What they were.")]
    count: Annotated[int, says("How many.")]
    amount: Annotated[int, says("By how much they changed what is owed, or held.")]


class ControlledBody(Struct, frozen=True, kw_only=True):
    """All of one currency. `opening.total` and the amounts of `movements` come to `closing.total`; `opening.held` and
    those of `held_movements` to `closing.held`."""

    currency: Currency
    opening: PositionBody
    movements: Annotated[list[ControlLineBody], says("What changed what is owed: a line for each kind that there was.")]
    held_movements: Annotated[list[ControlLineBody], says("What changed how much is held, likewise.")]
    closing: PositionBody


class ControlTotalsBody(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """What all customers owed when the first day began and when the last one ended, and what moved between."""

    mode: Annotated[Literal["test", "live"], says("Whether it is only a test.")]
    from_: Annotated[datetime.date, says("The first of the merchant's days.")]
    to: Annotated[datetime.date, says("The last.")]
    time_zone: Annotated[str, says("Where these days are days.")]
    currencies: Annotated[list[ControlledBody], says("Each currency in which anything was owed, moved or is held.")]
