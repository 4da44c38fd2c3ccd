"""The statements that delete old events, and say how far that has gone."""

from datetime import datetime

from dues.db.database import Database
from dues.domain.tenants import Tenant

LIST_TENANTS = "select cell, id from tenants order by cell, id"


async def list_tenants(database: Database) -> list[Tenant]:
    """All of them."""
    return [Tenant(row["cell"], row["id"]) for row in await database.rows(LIST_TENANTS)]


DELETE_OLD_EVENTS = "select forget_events($1, $2, $3, $4, $5) as number"
"""A function of the schema: no server may change or remove events itself."""


async def delete_old_events(database: Database, tenant: Tenant, event_type: str, before: datetime, limit: int) -> int:
    """Deletes up to `limit` events of one type from before a time; how many.

    Of an object's last event its number is kept, so that the next one goes on from there. None goes before it is a week
    old, whatever `before` says.
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
