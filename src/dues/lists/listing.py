"""What a list is made of: its table, what it can be filtered and ordered by, and what is searched in it."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from msgspec import Struct

from dues.domain.folding import fold

Value = date | datetime | int | str
"""What a list is ordered by."""


class Through(Struct, frozen=True):
    """A table that leads to objects: it has an index on its tenant, the column `key`, and the objects' ids in `id`."""

    table: str
    key: str
    id: str
    mixed: bool = False
    """Whether it leads to objects of other kinds too."""
    own: str | None = None
    """The column of the objects, with an index, that says it of most, which are not in the table."""


class Key(Struct, frozen=True):
    """A column that objects are ordered by."""

    column: str
    type: type[Value]


class Order(Struct, frozen=True):
    """An order that has an index: on what the list is divided by, then `keys`, then the id.

    Ranges are of the first key. Objects that have none are not in it.
    """

    keys: tuple[Key, ...]
    ascending: bool = False
    """Where nobody says which way."""
    owners: tuple[str, ...] = ()
    """Filters for each of which there is another index, which begins with its column."""


class Sought(Struct, frozen=True):
    """A column in which it is looked for what is searched, and for what beginning; None: it cannot be there."""

    key: Key
    prefix: Callable[[str], str | None] = fold


class Listing(Struct, frozen=True, eq=False):
    """A list of objects whose ids begin with `prefix`, from a table that is called `t` there.

    `filters` is name to condition, {} being its value. `columns` is what is selected of a row.
    """

    name: str
    prefix: str
    columns: str
    table: str
    filters: Mapping[str, str]
    named: Mapping[str, tuple[str, str]] = {}
    """Filters whose value may be an id or a reference: name to (id's prefix, how to find the id of a reference)."""
    through: Mapping[str, Through] = {}
    """Filters whose value stands beside the objects' ids in another table."""
    orders: Mapping[str, Order] = {}
    """What it can be ordered by, beside when objects were made."""
    sought: tuple[Sought, ...] = ()
    mixed: bool = False
    """Whether the table has objects of others too, with other prefixes."""
    divided: Mapping[str, tuple[str, ...] | None] = {}
    """Filters whose columns all indexes of orders and of what is sought begin with: their values, where those are
    known. None: they are found in the order of an index on that column."""

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that it can be filtered by, beside metadata."""
        return (*self.filters, *self.through)


BY_REFERENCE = Sought(Key("reference_folded", str))
BY_NAME = Sought(Key("name_folded", str))

_NAMED = """(select named.id from {table} named
         where named.cell = $1 and named.tenant_id = $2 and named.external_reference = {{}})"""

CUSTOMER_NAMED = (
    "bcus_",
    _NAMED.format(table="customers"),
)

ACCOUNT_NAMED = (
    "bacc_",
    _NAMED.format(table="accounts"),
)

BILL_NAMED = (
    "bill_",
    _NAMED.format(table="bills"),
)

PAYMENT_LINK_NAMED = (
    "plk_",
    _NAMED.format(table="pay_links"),
)
