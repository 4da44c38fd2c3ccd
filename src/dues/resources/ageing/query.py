"""What ageing is asked for."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from dues.domain.ageing import USUAL_BOUNDS, refuse_bounds
from dues.domain.fields import DAY_RULE, says
from dues.domain.violations import Violation
from dues.lists.query import ByCurrency, ListQuery
from dues.resources.ageing.instants import Order

By = Literal["total", "customer", "bill"]

USUAL: Final = ",".join(map(str, USUAL_BOUNDS))


class AgeingQuery(ListQuery, frozen=True, kw_only=True):
    """Which day, by what, in which buckets; and which page, where it is a list."""

    as_of: (
        Annotated[
            date,
            Meta(
                description="As it was when this day of the merchant's ended; where it is not said, as it is now.",
                extra={"rule": DAY_RULE},
            ),
        ]
        | None
    ) = None
    by: Annotated[
        By, says("`total`: a row for each currency. `customer`, `bill`: a row for each of them, in one currency.")
    ] = "total"
    currency: ByCurrency | None = None
    buckets: (
        Annotated[
            str,
            Meta(
                max_length=80,
                description=f"The days with which buckets end; `{USUAL}` where it is not said.",
                extra={"rule": refuse_bounds},
            ),
        ]
        | None
    ) = None
    order: (
        Annotated[
            Order,
            says(
                "Of customers and bills: `-amount`, who owes most first, or `due_date`, who has owed longest first. "
                "Where nothing is said, that is `-amount` for customers and `due_date` for bills."
            ),
        ]
        | None
    ) = None
    lang: (
        Annotated[
            Literal["en", "af", "zu", "de", "fr", "ar"],
            says("Of `Accept: text/html`: in which language; that of `Accept-Language` where it is not said."),
        ]
        | None
    ) = None

    no_filters: ClassVar[frozenset[str]] = ListQuery.no_filters | {"as_of"}

    @property
    def everything(self) -> dict[str, str]:
        """All that is asked for, by the names it has in a query string."""
        return super().everything | ({"as_of": self.as_of.isoformat()} if self.as_of else {})

    def cross_check(self) -> Iterator[Violation]:
        """Yields what is for lists alone."""
        if self.by == "total":
            for name in ("order", "cursor"):
                if getattr(self, name) is not None:
                    yield Violation(f"/{name}", "not_together", "goes with by=customer and by=bill alone.")
