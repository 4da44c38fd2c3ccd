"""The statements on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.tenants import Tenant
from dues.work.work import Work

INSERT_AUDIT: Final = """
insert into audit (cell, tenant_id, id, actor, operation, object_id, request_id, address, created_at)
select $1::integer, *
  from unnest($2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[])
"""


class Done(NamedTuple):
    """What somebody did: which operation, to which object, by which request, from where."""

    tenant_id: int
    id: str
    actor: str
    operation: str
    object_id: str
    request_id: str
    address: str
    created_at: datetime


def insert_audit(work: Work, done: Sequence[Done]) -> None:
    """Puts off writing what people did."""
    work.tx.write(INSERT_AUDIT, done)


LIST_AUDIT: Final = """
select a.id, a.actor, p.name, p.email, a.operation, a.object_id, a.request_id, a.address, a.created_at
  from audit a
  left join people p on p.id = a.actor
 where a.cell = $1 and a.tenant_id = $2 and ($3::text is null or a.object_id = $3) and a.id < $4
 order by a.id desc
 limit $5
"""


async def list_audit(database: Database, tenant: Tenant, object_id: str | None, before: str, limit: int) -> list[Row]:
    """What was done, to one object or to all, the last first, from just before an id on."""
    return await database.rows(LIST_AUDIT, *tenant, object_id, before, limit)
