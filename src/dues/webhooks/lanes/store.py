"""The statements on lanes."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from dues.db.database import Database
from dues.events.store import COLUMNS, Event, event_of
from dues.webhooks.leases.store import Lease


class Lane(Struct, frozen=True):
    """What of one object one endpoint has still to get: its events from `position` on, the first after attempts."""

    id: str
    object_id: str
    position: int
    last_position: int | None
    failed_only: bool
    attempts: int


LIST_DUE_LANES = """
select id, object_id, position, last_position, failed_only, attempts
  from webhook_lanes
 where tenant_id = $1 and endpoint_id = $2 and next_attempt_at <= $3 and not (id = any($4))
 order by next_attempt_at
 limit $5
"""


async def list_due_lanes(database: Database, lease: Lease, but: Sequence[str], limit: int) -> list[Lane]:
    """Lanes whose time has come, those that wait longest first."""
    rows = await database.rows(LIST_DUE_LANES, lease.tenant_id, lease.id, lease.now, but, limit)
    return [Lane(**dict(row)) for row in rows]


FIND_OPEN_LANES = """
select object_id
  from webhook_lanes
 where tenant_id = $1 and endpoint_id = $2 and object_id = any($3) and last_position is null
"""


async def find_objects_behind(database: Database, lease: Lease, object_ids: Sequence[str]) -> set[str]:
    """Those objects whose events go by a lane of their own."""
    rows = await database.rows(FIND_OPEN_LANES, lease.tenant_id, lease.id, object_ids)
    return {row["object_id"] for row in rows}


FIND_NEXT_OF_LANE = f"""
select {COLUMNS}
  from events e
 where e.tenant_id = $1 and e.object_id = $2 and e.position >= $3 and e.position <= $4 and e.data is not null
   and e.type = any($5) and (e.type <> 'webhook_endpoint.test' or e.object_id = $7)
   and (not $6 or exists (select from webhook_deliveries d
                           where d.tenant_id = $1 and d.endpoint_id = $7 and d.event_id = e.id
                             and d.status = 'failed'))
 order by e.position
 limit 1
"""


async def find_next_of_lane(
    database: Database, lease: Lease, lane: Lane, to: int, types: Sequence[str]
) -> Event | None:
    """The event of a lane that is next, of those up to the position `to`."""
    last = to if lane.last_position is None else lane.last_position
    row = await database.row(
        FIND_NEXT_OF_LANE, lease.tenant_id, lane.object_id, lane.position, last, types, lane.failed_only, lease.id
    )
    return event_of(row) if row else None


SAVE_LANE = """
update webhook_lanes set position = $4, attempts = $5, next_attempt_at = $6
 where tenant_id = $1 and endpoint_id = $2 and id = $3
"""


async def save_lane(database: Database, lease: Lease, lane: Lane, next_attempt_at: datetime) -> None:
    """Notes how far a lane is, and when it goes on."""
    await database.rows(SAVE_LANE, lease.tenant_id, lease.id, lane.id, lane.position, lane.attempts, next_attempt_at)


DELETE_LANE = "delete from webhook_lanes where tenant_id = $1 and endpoint_id = $2 and id = $3"


async def delete_lane(database: Database, lease: Lease, lane: Lane) -> None:
    """Ends a lane that has caught up."""
    await database.rows(DELETE_LANE, lease.tenant_id, lease.id, lane.id)


SAVE_LANES_DUE = """
update webhook_lanes set next_attempt_at = $3
 where tenant_id = $1 and endpoint_id = $2 and next_attempt_at > $3
"""


async def save_lanes_due(database: Database, lease: Lease) -> None:
    """Lets everything that waits for an endpoint go on now."""
    await database.rows(SAVE_LANES_DUE, lease.tenant_id, lease.id, lease.now)
