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
    "checkouts": ("id",),
    "entries": ("owner_id", "number"),
    "events": ("id",),
}
"""What a merchant has, each with what it is ordered by. What is not there follows from these, is a secret (keys,
endpoints), or is about the server's work."""

_NOT_TOLD: Final = "'{cell,tenant_id,reference_folded,name_folded}'::text[]"
"""Columns that say where the rows are kept, and that follow from others."""

COPY_ROWS: Final[Mapping[str, str]] = {
    table: f"""
select to_jsonb(t) - {_NOT_TOLD} from {table} t where t.cell = $1 and t.tenant_id = $2 order by {", ".join(order)}
"""
    for table, order in TABLES.items()
}

COPY_HEADS: Final = """
select row_to_json(told)
  from (select distinct on (owner_id) owner_id, number, balance_after, encode(hash, 'hex') as hash
          from entries
         where cell = $1 and tenant_id = $2
         order by owner_id, number desc) as told
"""


async def copy_rows(source: CopySource, tenant: Tenant, table: str, sink: Callable[[bytes], None]) -> None:
    """Passes all rows of a tenant in a table on, as lines of JSON."""
    await source.copy_json_out(COPY_ROWS[table], *tenant, sink=sink)


async def copy_heads(source: CopySource, tenant: Tenant, sink: Callable[[bytes], None]) -> None:
    """Passes the last entry of each of a tenant's ledgers on, as lines of JSON."""
    await source.copy_json_out(COPY_HEADS, *tenant, sink=sink)
