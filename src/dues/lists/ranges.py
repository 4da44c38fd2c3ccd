"""Ranges: what a list is asked for from … to …, both ends included, either of them left out."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

from msgspec import Meta, Struct, structs

from dues.domain.fields import TIME_RULE, says
from dues.domain.ids import first_id
from dues.domain.money import AMOUNT_MAX
from dues.domain.violations import Violation


class Range(Struct, frozen=True, kw_only=True):
    """From `gte` to `lte`, which a subclass has both, of one type."""

    def cross_check(self) -> Iterator[Violation]:
        """Yields a range that nothing can be in."""
        least, most = self.ends
        if least is not None and most is not None and most < least:
            yield Violation("", "empty_range", "ends before it begins.")

    @property
    def ends(self) -> tuple[Any, Any]:
        """The least and the most of it; None: there is no such end."""
        gte, lte = structs.astuple(self)
        return gte, lte


class DateRange(Range, frozen=True, kw_only=True):
    """Days."""

    gte: Annotated[date, says("This day or later.")] | None = None
    lte: Annotated[date, says("This day or earlier.")] | None = None


class TimeRange(Range, frozen=True, kw_only=True):
    """Times."""

    gte: Annotated[datetime, Meta(description="At this time or later.", extra={"rule": TIME_RULE})] | None = None
    lte: Annotated[datetime, Meta(description="At this time or earlier.", extra={"rule": TIME_RULE})] | None = None


class AmountRange(Range, frozen=True, kw_only=True):
    """Amounts, in the smallest unit of their currency."""

    gte: Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="This much or more.")] | None = None
    lte: Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="This much or less.")] | None = None


def ids_of(prefix: str, times: TimeRange) -> tuple[str | None, str | None]:
    """What all ids made within `times`, to the millisecond, lie between; None: there is no such end."""
    least, most = times.ends
    return (
        None if least is None else first_id(prefix, min(max(least, _FIRST), _LAST)),
        None if most is None else first_id(prefix, min(max(most + _MILLISECOND, _FIRST), _LAST)),
    )


_MILLISECOND: Final = timedelta(milliseconds=1)

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(8888, 1, 1, tzinfo=UTC)
"""The times that ids can begin with."""
