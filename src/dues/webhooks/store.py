"""The statements of delivery: how far an endpoint is, what became of each attempt, and lanes of what is behind."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from dues.db.database import Database
from dues.events.store import COLUMNS, Event, event_of
from dues.webhooks.health import Health
from dues.webhooks.leases.store import Lease


class Delivery(Struct, frozen=True):
    """What became of an event at one attempt. `attempt` is JSON."""

    event: Event
    status: str
    attempt: str
    next_attempt_at: datetime | None


class NewLane(Struct, frozen=True):
    """From where on an object's events need a lane of their own, after so many attempts at the first."""

    id: str
    object_id: str
    sequence: int
    attempts: int
    next_attempt_at: datetime


class MovedLane(Struct, frozen=True):
    """How far a lane is: the number of its next event, after so many attempts at that, and when it goes on."""

    id: str
    sequence: int
    attempts: int
    next_attempt_at: datetime


SAVE_PROGRESS = """
with held as (
    update webhook_endpoints
       set position = greatest(position, $4), failures = $5, failing_since = $6, held_until = $7, leased_until = $8
     where tenant_id = $1 and id = $2 and leased_by = $3 and status = 'enabled'
    returning id
), noted as (
    insert into webhook_deliveries as d
           (tenant_id, endpoint_id, event_id, event_type, status, attempts, next_attempt_at)
    select $1, held.id, new.event_id, new.event_type, new.status, new.attempts, new.next_attempt_at
      from held,
           unnest($9::text[], $10::text[], $11::text[], $12::jsonb[], $13::timestamptz[])
               as new(event_id, event_type, status, attempts, next_attempt_at)
        on conflict (tenant_id, endpoint_id, event_id) do update
       set status = excluded.status, next_attempt_at = excluded.next_attempt_at,
           attempts = case when jsonb_array_length(d.attempts) < 50 then d.attempts else d.attempts - 0 end
                      || excluded.attempts
), behind as (
    insert into webhook_lanes (tenant_id, endpoint_id, id, object_id, sequence, attempts, next_attempt_at)
    select $1, held.id, new.id, new.object_id, new.sequence, new.attempts, new.next_attempt_at
      from held,
           unnest($14::text[], $15::text[], $16::bigint[], $17::integer[], $18::timestamptz[])
               as new(id, object_id, sequence, attempts, next_attempt_at)
        on conflict (tenant_id, endpoint_id, object_id) where last_sequence is null do nothing
), moved as (
    update webhook_lanes l set sequence = $20, attempts = $21, next_attempt_at = $22
      from held
     where l.tenant_id = $1 and l.endpoint_id = held.id and l.id = $19
    returning l.id
)
select held.id from held where $19::text is null or exists (select from moved)
"""


async def save_progress(
    database: Database,
    lease: Lease,
    until: datetime,
    position: int,
    health: Health,
    deliveries: Sequence[Delivery],
    lanes: Sequence[NewLane],
    moved: MovedLane | None,
) -> bool:
    """Notes what was attempted and how far the endpoint is now, or one of its lanes; whether it was still its holder's
    to do so."""
    rows = await database.rows(
        SAVE_PROGRESS,
        lease.tenant_id,
        lease.id,
        lease.holder,
        position,
        health.failures,
        health.failing_since,
        health.held_until,
        until,
        [one.event.id for one in deliveries],
        [one.event.type for one in deliveries],
        [one.status for one in deliveries],
        [one.attempt for one in deliveries],
        [one.next_attempt_at for one in deliveries],
        [one.id for one in lanes],
        [one.object_id for one in lanes],
        [one.sequence for one in lanes],
        [one.attempts for one in lanes],
        [one.next_attempt_at for one in lanes],
        *((moved.id, moved.sequence, moved.attempts, moved.next_attempt_at) if moved else (None,) * 4),
    )
    return bool(rows)


class Lane(Struct, frozen=True):
    """What of one object one endpoint has still to get: its events from `sequence` on, the first after `attempts`.

    `last_sequence` None: as far as the endpoint is. `failed_only`: of those, what failed for good. `any_type`: also
    what the endpoint did not ask for.
    """

    id: str
    object_id: str
    sequence: int
    last_sequence: int | None = None
    failed_only: bool = False
    any_type: bool = False
    attempts: int = 0


LIST_DUE_LANES = """
select id, object_id, sequence, last_sequence, failed_only, any_type, attempts
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
 where tenant_id = $1 and endpoint_id = $2 and object_id = any($3) and last_sequence is null
"""


async def find_objects_behind(database: Database, lease: Lease, object_ids: Sequence[str]) -> set[str]:
    """Those objects whose events go by a lane of their own."""
    rows = await database.rows(FIND_OPEN_LANES, lease.tenant_id, lease.id, object_ids)
    return {row["object_id"] for row in rows}


FIND_NEXT_OF_LANE = f"""
select {COLUMNS}
  from events e
 where e.tenant_id = $1 and e.object_id = $2 and e.sequence >= $3 and e.data is not null
   and case when $4::bigint is null then e.position <= $5 else e.sequence <= $4 end
   and ($7 or e.type = any($6)) and (e.type <> 'webhook_endpoint.test' or e.object_id = $9)
   and (not $8 or (e.sequence = $3 and $10)
        or exists (select from webhook_deliveries d
                    where d.tenant_id = $1 and d.endpoint_id = $9 and d.event_id = e.id
                      and d.status = 'failed'))
 order by e.sequence
 limit 1
"""


async def find_next_of_lane(
    database: Database, lease: Lease, lane: Lane, position: int, types: Sequence[str]
) -> Event | None:
    """The event of a lane that is next, where its endpoint is at `position`."""
    begun = lane.attempts > 0  # what failed before is pending since
    row = await database.row(
        FIND_NEXT_OF_LANE,
        lease.tenant_id,
        lane.object_id,
        lane.sequence,
        lane.last_sequence,
        position,
        types,
        lane.any_type,
        lane.failed_only,
        lease.id,
        begun,
    )
    return event_of(row) if row else None


LOCK_HELD = """
select id from webhook_endpoints where tenant_id = $1 and id = $2 and leased_by = $3 for update
"""

DELETE_LANE = f"""
with held as ({LOCK_HELD})
delete from webhook_lanes
 where tenant_id = $1 and endpoint_id = $2 and id = $4 and exists (select from held)
returning id
"""


async def delete_lane(database: Database, lease: Lease, lane: Lane) -> bool:
    """Ends a lane that has caught up; whether it was still the lease's holder's to do so.

    Another holder may be further, and count on the lane for what is behind it.
    """
    return bool(await database.rows(DELETE_LANE, lease.tenant_id, lease.id, lease.holder, lane.id))


SAVE_LANES_DUE = """
update webhook_lanes set next_attempt_at = $3
 where tenant_id = $1 and endpoint_id = $2 and next_attempt_at > $3
"""


async def save_lanes_due(database: Database, lease: Lease) -> None:
    """Lets everything that waits for an endpoint go on now."""
    await database.rows(SAVE_LANES_DUE, lease.tenant_id, lease.id, lease.now)
