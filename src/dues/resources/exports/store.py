"""The statements that rows of files need beside their objects."""

from collections.abc import Collection, Mapping
from typing import Final

from dues.db.database import Database
from dues.domain.tenants import Tenant

LIST_METADATA_KEYS: Final = {
    table: f"""
select distinct of_metadata.key
  from {table} t
 cross join lateral jsonb_object_keys(t.metadata) as of_metadata(key)
 where t.cell = $1 and t.tenant_id = $2
 order by 1
"""
    for table in ("customers", "accounts", "bills", "payments")
}

LIST_REFERENCES: Final = {
    noun: f"""
select t.id, t.external_reference from {noun}s t where t.cell = $1 and t.tenant_id = $2 and t.id = any($3::text[])
"""
    for noun in ("customer", "account", "bill")
}


async def list_metadata_keys(database: Database, tenant: Tenant, table: str) -> list[str]:
    """Every key that any of a tenant's objects in `table` has. It looks at all of them."""
    return [row["key"] for row in await database.rows(LIST_METADATA_KEYS[table], *tenant)]


async def list_references(database: Database, tenant: Tenant, noun: str, ids: Collection[str]) -> Mapping[str, str]:
    """Id to external reference."""
    rows = await database.rows(LIST_REFERENCES[noun], *tenant, list(ids))
    return {row["id"]: row["external_reference"] for row in rows}
