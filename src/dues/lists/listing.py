"""What a list is made of: its table, and what it can be filtered by."""

from collections.abc import Mapping

from msgspec import Struct


class Through(Struct, frozen=True):
    """A table that leads to objects: it has an index on its tenant, the column `key`, and the objects' ids in `id`."""

    table: str
    key: str
    id: str
    mixed: bool = False
    """Whether it leads to objects of other kinds too."""


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

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that it can be filtered by, beside metadata."""
        return (*self.filters, *self.through)


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
