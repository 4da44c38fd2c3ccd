"""What is asked for: which day, in which currency, in which buckets, and after which row of a list."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Final, Literal

from msgspec import Struct

from dues.db.transaction import Row
from dues.domain.ids import first_id

Order = Literal["-amount", "due_date"]

Find = Callable[..., Awaitable[list[Row]]]
"""Runs one statement: of a database, or of a transaction that stands still."""


class Asked(Struct, frozen=True):
    """`day` is what ages are counted until; `moment` when that day ended, None where it has not: then what is now is
    asked for. `currency` None: all. `thresholds` are the days with which buckets begin."""

    day: date
    moment: datetime | None
    currency: str | None
    thresholds: Sequence[int]

    @property
    def values(self) -> tuple[object, ...]:
        """The parameters of a statement, from the third on."""
        values = (self.day, self.currency, self.thresholds)
        return values if self.moment is None else (*values, self.moment, first_id("bill_", self.moment))


class Place(Struct, frozen=True):
    """A row's place in a list: what it is ordered by, as text, and its id."""

    value: str
    id: str

    @classmethod
    def read(cls, text: str) -> "Place":
        """From a cursor."""
        value, _, name = text.partition("/")
        return cls(value, name)

    def __str__(self) -> str:
        return f"{self.value}/{self.id}"


PLACE: Final = r"(?:[0-9]{1,30}|[0-9]{4}-[0-9]{2}-[0-9]{2}|infinity)/[0-9A-Za-z_]{1,40}"
"""The pattern of one."""


class Part(Struct, frozen=True):
    """Which rows of a list: `limit` None: all."""

    order: Order
    limit: int | None = None
    after: Place | None = None

    @property
    def values(self) -> tuple[object, ...]:
        """The last parameters of a statement."""
        return self.limit, self.after and self.after.value, self.after and self.after.id
