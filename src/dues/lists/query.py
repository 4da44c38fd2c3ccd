"""What a list is asked for: a query string as a struct. Each list has its own, with all that it can be filtered by."""

from typing import Annotated, ClassVar, Final

from msgspec import Meta, Struct

from dues.domain.fields import CURRENCY_RULE, filtered_by, says
from dues.lists.cursors import refuse_malformed

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
