"""What a list is asked for: a query string as a struct. Each list has its own, with all that it can be filtered by."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Final, Literal, get_args, get_type_hints

from msgspec import Meta, Struct

from dues.domain.fields import CURRENCY_RULE, filtered_by, says
from dues.lists.cursors import refuse_malformed
from dues.lists.ranges import AmountRange, DateRange, Range, TimeRange

LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 100
METADATA_FILTERS_MAX: Final = 10

ByReference = Annotated[str, filtered_by("Only the one with this reference.")]
ByCustomer = Annotated[str, filtered_by("Only this customer's: id or reference.")]
ByAccount = Annotated[str, filtered_by("Only this account's: id or reference.")]
ByCurrency = Annotated[
    str, Meta(title="Currency", description="Only those in this currency.", extra={"rule": CURRENCY_RULE})
]
ByMetadata = Annotated[
    dict[str, str],
    Meta(
        max_length=METADATA_FILTERS_MAX,
        description="`metadata[key]=value`: only those whose metadata has this value under this key. Several must all "
        "fit.",
    ),
]

OF_THIS_STATUS: Final = says("Only those of this status.")

_BESIDE: Final = "Beside it go `status`, `currency` and its own `order`"

MadeIn = Annotated[
    TimeRange,
    says(
        "`created_at[gte]`, `created_at[lte]`: only those made in this time, to the millisecond. Goes with all filters."
    ),
]
DueIn = Annotated[
    DateRange,
    says(
        "`due_date[gte]`, `due_date[lte]`: only those due on these days; the first that are due come first, where "
        f"`order` does not say otherwise. {_BESIDE}, and either `customer` or `account`."
    ),
]
BilledIn = Annotated[
    DateRange,
    says(f"`bill_date[gte]`, `bill_date[lte]`: only those of these days, the latest first. {_BESIDE}."),
]
PaidIn = Annotated[
    TimeRange,
    says(f"`paid_at[gte]`, `paid_at[lte]`: only those paid in this time, the latest first. {_BESIDE}."),
]
OfAmount = Annotated[
    AmountRange,
    says(
        "`amount[gte]`, `amount[lte]`: only those of so much, the largest first, in the smallest unit of whichever "
        f"currency. {_BESIDE}."
    ),
]
Overdue = Annotated[
    bool,
    says("`true`: only unpaid ones that were due before today, the oldest first. It is a range of `due_date`."),
]


def ordered_by(*names: str) -> Meta:
    """What people are told of the orders of a list."""
    known = ", ".join(f"`{name}`" for name in names)
    return says(
        f"By what, smallest or earliest first; with a `-`, largest or latest first: {known}. `-created_at` where "
        "nothing is said; a range brings the order of its own. Objects without a value are left out."
    )


InTheirOrder = Annotated[Literal["created_at", "-created_at"], ordered_by("created_at")]
"""For objects that nothing else has an index of."""


def searched(what: str) -> Meta:
    """What people are told of the search in a list."""
    return filtered_by(
        f"Only those whose {what} begins with this, as people read it: whatever the case of its letters, and every "
        "character stands for itself. They come in the order of what was found."
    )


class ListQuery(Struct, frozen=True, kw_only=True):
    """A page that is asked for. What a subclass adds are filters, but for what it names as something else."""

    limit: Annotated[
        int, Meta(ge=1, le=LIMIT_MAX, description=f"How many at most ({LIMIT_DEFAULT} where it is not said).")
    ] = LIMIT_DEFAULT
    cursor: (
        Annotated[str, Meta(description="The `next_cursor` of the page before.", extra={"rule": refuse_malformed})]
        | None
    ) = None

    no_filters: ClassVar[frozenset[str]] = frozenset({"limit", "cursor"})

    @classmethod
    def filter_names(cls) -> tuple[str, ...]:
        """Everything that the list can be filtered by, beside metadata."""
        return tuple(name for name in cls.__struct_fields__ if name not in cls.no_filters and name != "metadata")

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are asked for, beside those by metadata."""
        values = {name: getattr(self, name) for name in self.filter_names()}
        return {
            name: ",".join(value) if isinstance(value, list) else value
            for name, value in values.items()
            if value is not None
        }

    @property
    def pairs(self) -> dict[str, str]:
        """The metadata that is asked for."""
        return getattr(self, "metadata", None) or {}

    @property
    def everything(self) -> dict[str, str]:
        """All filters that are asked for, by the names they have in a query string; what cursors are tied to."""
        return self.filters | {f"metadata[{key}]": value for key, value in self.pairs.items()}


def _is_range(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Range)


class FindingQuery(ListQuery, frozen=True, kw_only=True):
    """A page of what is found: by ranges and searches too, in an order. A subclass has `q`, `order`, and ranges."""

    created_at: MadeIn | None = None

    no_filters: ClassVar[frozenset[str]] = ListQuery.no_filters | {
        *("q", "order", "overdue", "created_at"),
        *("due_date", "bill_date", "paid_at", "amount"),
    }

    @classmethod
    def orders(cls) -> tuple[str, ...]:
        """Everything that the list can be ordered by, and be asked for a range of."""
        hints = get_type_hints(cls)
        choices = [name for kind in get_args(hints["order"]) for name in get_args(kind)]
        ranges = [name for name, kind in hints.items() if any(_is_range(one) for one in get_args(kind))]
        assert {*choices} == {f"{way}{name}" for name in ranges for way in ("", "-")}, "each range is an order"
        return tuple(ranges)

    @property
    def search(self) -> str | None:
        """What is searched."""
        return getattr(self, "q", None)

    @property
    def ordered(self) -> str | None:
        """The order that is asked for."""
        return getattr(self, "order", None)

    @property
    def only_overdue(self) -> bool:
        """Whether nothing else is wanted."""
        return getattr(self, "overdue", False)

    @property
    def ranges(self) -> dict[str, Range]:
        """The ranges that are asked for."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in values.items() if isinstance(value, Range)}

    @property
    def everything(self) -> dict[str, str]:
        """All that is asked for, by the names it has in a query string."""
        ends = {
            f"{name}[{end}]": value.isoformat() if isinstance(value, date | datetime) else str(value)
            for name, one in self.ranges.items()
            for end, value in zip(("gte", "lte"), one.ends, strict=True)
            if value is not None
        }
        said = {"q": self.search, "order": self.ordered, "overdue": "true" if self.only_overdue else None}
        return super().everything | ends | {name: value for name, value in said.items() if value is not None}
