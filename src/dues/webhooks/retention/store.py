"""The statements that delete deliveries and lanes."""

from dues.db.database import Database

FIND_ENDPOINTS_DELIVERED_TO = """
with recursive pairs as (
    (select tenant_id, endpoint_id from webhook_deliveries order by tenant_id, endpoint_id limit 1)
     union all
    select next.tenant_id, next.endpoint_id
      from pairs
     cross join lateral (
               select d.tenant_id, d.endpoint_id
                 from webhook_deliveries d
                where (d.tenant_id, d.endpoint_id) > (pairs.tenant_id, pairs.endpoint_id)
                order by d.tenant_id, d.endpoint_id
                limit 1
           ) as next
)
select p.tenant_id, p.endpoint_id, e.id is null as is_gone
  from pairs p
  left join webhook_endpoints e on e.tenant_id = p.tenant_id and e.id = p.endpoint_id
"""


async def find_endpoints_delivered_to(database: Database) -> list[tuple[int, str, bool]]:
    """(tenant, endpoint, whether it was deleted) of every endpoint that has deliveries."""
    rows = await database.rows(FIND_ENDPOINTS_DELIVERED_TO)
    return [(row["tenant_id"], row["endpoint_id"], row["is_gone"]) for row in rows]


DELETE_DELIVERIES = """
with old as (
    select tenant_id, endpoint_id, event_id
      from webhook_deliveries
     where tenant_id = $1 and endpoint_id = $2 and event_id < $3 and status <> $4
     order by event_id
     limit $5
)
delete from webhook_deliveries d
 using old
 where d.tenant_id = old.tenant_id and d.endpoint_id = old.endpoint_id and d.event_id = old.event_id
returning 1
"""


async def delete_deliveries(
    database: Database, tenant_id: int, endpoint_id: str, before: str, but: str, limit: int
) -> int:
    """Deletes up to `limit` deliveries of events with lower ids, but those of one status; how many."""
    return len(await database.rows(DELETE_DELIVERIES, tenant_id, endpoint_id, before, but, limit))


DELETE_STRAY_LANES = """
with stray as (
    select l.tenant_id, l.endpoint_id, l.id
      from webhook_lanes l
     where not exists (select from webhook_endpoints e where e.tenant_id = l.tenant_id and e.id = l.endpoint_id)
     limit $1
)
delete from webhook_lanes l
 using stray
 where l.tenant_id = stray.tenant_id and l.endpoint_id = stray.endpoint_id and l.id = stray.id
returning 1
"""


async def delete_stray_lanes(database: Database, limit: int) -> int:
    """Removes up to `limit` lanes of endpoints that were deleted; how many."""
    return len(await database.rows(DELETE_STRAY_LANES, limit))
