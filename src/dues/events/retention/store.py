"""The statements that delete old events, and say how far that has gone."""

from datetime import datetime

from dues.background import Deleted
from dues.db.database import Database
from dues.domain.tenants import Tenant

FIND_OLD_EVENTS = """
with recursive firsts as (
    (select tenant_id, type, position, created_at
       from events
      where cell = $1 and data is not null
      order by tenant_id, type, position
      limit 1)
     union all
    select next.tenant_id, next.type, next.position, next.created_at
      from firsts
     cross join lateral (
               select e.tenant_id, e.type, e.position, e.created_at
                 from events e
                where e.cell = $1 and e.data is not null and (e.tenant_id, e.type) > (firsts.tenant_id, firsts.type)
                order by e.tenant_id, e.type, e.position
                limit 1
           ) as next
)
select tenant_id, type, position from firsts where created_at < $2
"""
"""One look into the index for each tenant and type, however many events there are."""


async def find_old_events(database: Database, cell: int, before: datetime) -> list[tuple[Tenant, str, int]]:
    """(tenant, type, position of the first) of all events of a cell that begin before a time."""
    rows = await database.rows(FIND_OLD_EVENTS, cell, before)
    return [(Tenant(cell, row["tenant_id"]), row["type"], row["position"]) for row in rows]


DELETE_OLD_EVENTS = "select number, last_position, last_created_at from forget_events($1, $2, $3, $4, $5, $6)"
"""A function of the schema: no server may change or remove events itself."""


async def delete_old_events(
    database: Database, tenant: Tenant, event_type: str, before: datetime, after: int, limit: int
) -> Deleted:
    """Deletes up to `limit` events of one type from after a position and before a time.

    Of an object's last event its number is kept, so that the next one goes on from there. None goes before it is a week
    old, whatever `before` says.
    """
    row = await database.row(DELETE_OLD_EVENTS, *tenant, event_type, before, after, limit)
    assert row
    return Deleted(row["number"], row["last_position"], row["last_created_at"])


FIND_PURGED_TO = "select events_forgotten_to as position from tenants where cell = $1 and id = $2"


async def find_purged_to(database: Database, tenant: Tenant) -> int:
    """The position up to which a tenant's events are no longer kept."""
    row = await database.row(FIND_PURGED_TO, *tenant)
    return row["position"] if row else 0
