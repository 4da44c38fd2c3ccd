"""The statements that delete old events, and say how far that has gone."""

from datetime import datetime

from dues.db.database import Database
from dues.domain.tenants import Tenant

LIST_TENANTS = "select cell, id from tenants order by cell, id"


async def list_tenants(database: Database) -> list[Tenant]:
    """All of them."""
    return [Tenant(row["cell"], row["id"]) for row in await database.rows(LIST_TENANTS)]


DELETE_OLD_EVENTS = """
with old as materialized (
    select o.tenant_id, o.id, o.position,
           not exists (select from events later
                        where later.cell = $1 and later.tenant_id = o.tenant_id and later.object_id = o.object_id
                          and later.sequence > o.sequence) as is_last
      from (select * from events e
             where e.cell = $1 and e.tenant_id = $2 and e.type = $3 and e.data is not null
             order by e.position
             limit $5) as o
     where o.created_at < $4
), emptied as (
    update events e set data = null
      from old
     where e.cell = $1 and e.tenant_id = old.tenant_id and e.id = old.id and old.is_last
), deleted as (
    delete from events e
     using old
     where e.cell = $1 and e.tenant_id = old.tenant_id and e.id = old.id and not old.is_last
), noted as (
    update tenants
       set events_forgotten_to = greatest(events_forgotten_to, (select max(position) from old))
     where cell = $1 and id = $2 and exists (select from old)
)
select count(*) as number from old
"""


async def delete_old_events(database: Database, tenant: Tenant, event_type: str, before: datetime, limit: int) -> int:
    """Deletes up to `limit` events of one type from before a time; how many.

    Of an object's last event its number is kept, so that the next one goes on from there.
    """
    row = await database.row(DELETE_OLD_EVENTS, *tenant, event_type, before, limit)
    assert row
    number: int = row["number"]
    return number


FIND_PURGED_TO = "select events_forgotten_to as position from tenants where cell = $1 and id = $2"


async def find_purged_to(database: Database, tenant: Tenant) -> int:
    """The position up to which a tenant's events are no longer kept."""
    row = await database.row(FIND_PURGED_TO, *tenant)
    return row["position"] if row else 0
