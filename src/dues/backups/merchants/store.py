"""The statements that read out what one tenant has."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from dues.db.copies import CopySource
from dues.domain.tenants import Tenant

TABLES: Final[Mapping[str, Sequence[str]]] = {
    "default_payment_rules": ("kind", "currency"),
    "customers": ("id",),
    "accounts": ("id",),
    "bills": ("id",),
    "bill_credits": ("id",),
    "payments": ("id",),
    "payment_applications": ("payment_id", "number"),
    "refunds": ("id",),
    "entries": ("owner_id", "number"),
    "events": ("id",),
}
"""What a merchant has, each with what it is ordered by. What is not there follows from these, is a secret (keys,
endpoints), or is about the server's work."""

NOT_TOLD: Final = frozenset({"cell", "tenant_id"})
"""Columns that say where the rows are kept."""

FOLDED: Final = "_folded"
"""What the names of columns end with that follow from others."""

COPY_ROWS: Final = """
select row_to_json(told)
  from (select {columns} from {table} where cell = $1 and tenant_id = $2 order by {order}) as told
"""

COPY_HEADS: Final = """
select row_to_json(told)
  from (select distinct on (owner_id) owner_id, number, balance_after, encode(hash, 'hex') as hash
          from entries
         where cell = $1 and tenant_id = $2
         order by owner_id, number desc) as told
"""


async def copy_rows(
    source: CopySource, tenant: Tenant, table: str, columns: Sequence[str], sink: Callable[[bytes], None]
) -> None:
    """Passes all rows of a tenant in a table on, as lines of JSON with these columns."""
    query = COPY_ROWS.format(columns=", ".join(columns), table=table, order=", ".join(TABLES[table]))
    await source.copy_json_out(query, *tenant, sink=sink)


async def copy_heads(source: CopySource, tenant: Tenant, sink: Callable[[bytes], None]) -> None:
    """Passes the last entry of each of a tenant's ledgers on, as lines of JSON."""
    await source.copy_json_out(COPY_HEADS, *tenant, sink=sink)
