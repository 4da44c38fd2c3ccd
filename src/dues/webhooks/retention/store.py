"""The statements that delete deliveries and lanes."""

from datetime import UTC, datetime

from dues.background import Deleted
from dues.db.database import Database
from dues.domain.ids import time_of
from dues.domain.tenants import Tenant

FIND_ENDPOINTS_DELIVERED_TO = """
with recursive pairs as (
    (select tenant_id, endpoint_id from webhook_deliveries where cell = $1 order by tenant_id, endpoint_id limit 1)
     union all
    select next.tenant_id, next.endpoint_id
      from pairs
     cross join lateral (
               select d.tenant_id, d.endpoint_id
                 from webhook_deliveries d
                where d.cell = $1 and (d.tenant_id, d.endpoint_id) > (pairs.tenant_id, pairs.endpoint_id)
                order by d.tenant_id, d.endpoint_id
                limit 1
           ) as next
)
select p.tenant_id, p.endpoint_id, e.id is null as is_gone
  from pairs p
  left join webhook_endpoints e on e.cell = $1 and e.tenant_id = p.tenant_id and e.id = p.endpoint_id
"""


async def find_endpoints_delivered_to(database: Database, cell: int) -> list[tuple[Tenant, str, bool]]:
    """(tenant, endpoint, whether it was deleted) of every endpoint of a cell that has deliveries."""
    rows = await database.rows(FIND_ENDPOINTS_DELIVERED_TO, cell)
    return [(Tenant(cell, row["tenant_id"]), row["endpoint_id"], row["is_gone"]) for row in rows]


DELETE_DELIVERIES = """
with old as materialized (
    select ctid
      from webhook_deliveries
     where cell = $1 and tenant_id = $2 and endpoint_id = $3 and event_id < $4 and status <> $5 and event_id > $6
     order by event_id
     limit $7
)
delete from webhook_deliveries d
 using old
 where d.cell = $1 and d.ctid = old.ctid
returning d.event_id
"""


async def delete_deliveries(
    database: Database, tenant: Tenant, endpoint_id: str, before: str, but: str, after: str, limit: int
) -> Deleted:
    """Deletes up to `limit` deliveries of events whose ids are above `after` and below `before`, but those of one
    status."""
    rows = await database.rows(DELETE_DELIVERIES, *tenant, endpoint_id, before, but, after, limit)
    last = max((row["event_id"] for row in rows), default=after)
    return Deleted(len(rows), last, time_of(last) if rows else datetime.now(UTC))


DELETE_STRAY_LANES = """
with stray as materialized (
    select l.tenant_id, l.endpoint_id, l.id
      from webhook_lanes l
     where l.cell = $1
       and not exists (select from webhook_endpoints e
                        where e.cell = $1 and e.tenant_id = l.tenant_id and e.id = l.endpoint_id)
     limit $2
)
delete from webhook_lanes l
 using stray
 where l.cell = $1 and l.tenant_id = stray.tenant_id and l.endpoint_id = stray.endpoint_id and l.id = stray.id
returning 1
"""


async def delete_stray_lanes(database: Database, cell: int, limit: int) -> int:
    """Removes up to `limit` lanes of a cell whose endpoints were deleted; how many."""
    return len(await database.rows(DELETE_STRAY_LANES, cell, limit))
