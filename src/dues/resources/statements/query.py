"""What a statement is asked for."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, defstruct

from dues.domain.days import beginning_of
from dues.domain.fields import DAY_RULE, filtered_by, says
from dues.domain.violations import Invalid, Violation
from dues.resources.doing import Call


def day_of_the_merchants(meaning: str) -> Meta:
    """What is said of a day in a query string."""
    return Meta(description=meaning, extra={"rule": DAY_RULE})


def days_in_order(query: Any) -> Iterator[Violation]:
    """Yields days the wrong way round."""
    first, last = getattr(query, "from"), query.to
    if isinstance(first, date) and isinstance(last, date) and last < first:
        yield Violation("/to", "before_from", f"must not be before the first day, {first}.")


StatementQuery: Final = defstruct(
    "StatementQuery",
    [
        (
            "from",
            Annotated[
                date,
                day_of_the_merchants(
                    "The merchant's first day; the first of the month of the last, where it is not said."
                ),
            ]
            | None,
            None,
        ),
        ("to", Annotated[date, day_of_the_merchants("The last day; today where it is not said.")] | None, None),
        (
            "payment_link",
            Annotated[
                str,
                filtered_by(
                    "A payment link of this customer or account, by its id or reference: the statement says its "
                    "address, and a page or document has it as a QR code. To read a statement never makes one."
                ),
            ]
            | None,
            None,
        ),
        (
            "lang",
            Annotated[
                Literal["en", "af", "zu", "de", "fr", "ar"],
                says("In which language a page or a document is; else the one of `Accept-Language`."),
            ]
            | None,
            None,
        ),
    ],
    namespace={"__doc__": "Of which days, and in which language.", "cross_check": staticmethod(days_in_order)},
    frozen=True,
    kw_only=True,
)
"""Its first field is called `from`, which no class can say."""


class Period(Struct, frozen=True):
    """Days of the merchant's, the first and the last among them; `as_of` is the last that has begun."""

    first: date
    last: date
    as_of: date
    zone: str

    @property
    def begins(self) -> datetime:
        """The instant before which the opening is."""
        return beginning_of(self.first, self.zone)

    @property
    def ends(self) -> datetime:
        """The instant before which the closing is."""
        return beginning_of(date.fromordinal(self.last.toordinal() + 1), self.zone)


def period_of(call: Call) -> Period:
    """The days that are asked for. Raises Invalid for a last day before the first."""
    today = call.key.today
    last: date = call.query.to or today
    first: date = getattr(call.query, "from") or last.replace(day=1)
    if last < first:
        raise Invalid([Violation("/from", "after_to", f"must not be after the last day, {last}.")])
    return Period(first, last, min(last, today), call.key.time_zone)
