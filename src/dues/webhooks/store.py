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
       set position = greatest(position, $5), failures = $6, failing_since = $7, held_until = $8, leased_until = $9
     where cell = $1 and tenant_id = $2 and id = $3 and leased_by = $4 and status = 'enabled'
    returning id
), noted as (
    insert into webhook_deliveries as d
           (cell, tenant_id, endpoint_id, event_id, event_type, status, attempts, next_attempt_at)
    select $1, $2, held.id, new.event_id, new.event_type, new.status, new.attempts, new.next_attempt_at
      from held,
           unnest($10::text[], $11::text[], $12::text[], $13::jsonb[], $14::timestamptz[])
               as new(event_id, event_type, status, attempts, next_attempt_at)
        on conflict (cell, tenant_id, endpoint_id, event_id) do update
       set status = excluded.status, next_attempt_at = excluded.next_attempt_at,
           attempts = case when jsonb_array_length(d.attempts) < 50 then d.attempts else d.attempts - 0 end
                      || excluded.attempts
), behind as (
    insert into webhook_lanes (cell, tenant_id, endpoint_id, id, object_id, sequence, attempts, next_attempt_at)
    select $1, $2, held.id, new.id, new.object_id, new.sequence, new.attempts, new.next_attempt_at
      from held,
           unnest($15::text[], $16::text[], $17::bigint[], $18::integer[], $19::timestamptz[])
               as new(id, object_id, sequence, attempts, next_attempt_at)
        on conflict (cell, tenant_id, endpoint_id, object_id) where last_sequence is null do nothing
), moved as (
    update webhook_lanes l set sequence = $21, attempts = $22, next_attempt_at = $23
      from held
     where l.cell = $1 and l.tenant_id = $2 and l.endpoint_id = held.id and l.id = $20
    returning l.id
)
select held.id from held where $20::text is null or exists (select from moved)
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
        *lease.tenant,
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
 where cell = $1 and tenant_id = $2 and endpoint_id = $3 and next_attempt_at <= $4 and not (id = any($5))
   and (last_sequence is null or $7)
 order by next_attempt_at
 limit $6
"""


async def list_due_lanes(database: Database, lease: Lease, but: Sequence[str], limit: int, again: bool) -> list[Lane]:
    """Lanes whose time has come, those that wait longest first; whether those of what is sent `again`, too."""
    rows = await database.rows(LIST_DUE_LANES, *lease.tenant, lease.id, lease.now, but, limit, again)
    return [Lane(**dict(row)) for row in rows]


FIND_OPEN_LANES = """
select object_id
  from webhook_lanes
 where cell = $1 and tenant_id = $2 and endpoint_id = $3 and object_id = any($4) and last_sequence is null
"""


async def find_objects_behind(database: Database, lease: Lease, object_ids: Sequence[str]) -> set[str]:
    """Those objects whose events go by a lane of their own."""
    rows = await database.rows(FIND_OPEN_LANES, *lease.tenant, lease.id, object_ids)
    return {row["object_id"] for row in rows}


FIND_NEXT_OF_LANE = f"""
select {COLUMNS}
  from events e
 where e.cell = $1 and e.tenant_id = $2 and e.object_id = $3 and e.sequence >= $4 and e.data is not null
   and case when $5::bigint is null then e.position <= $6 else e.sequence <= $5 end
   and ($8 or e.type = any($7)) and (e.type <> 'webhook_endpoint.test' or e.object_id = $10)
   and (not $9 or (e.sequence = $4 and $11)
        or exists (select from webhook_deliveries d
                    where d.cell = $1 and d.tenant_id = $2 and d.endpoint_id = $10 and d.event_id = e.id
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
        *lease.tenant,
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
select id from webhook_endpoints where cell = $1 and tenant_id = $2 and id = $3 and leased_by = $4 for update
"""

DELETE_LANE = f"""
with held as ({LOCK_HELD})
delete from webhook_lanes
 where cell = $1 and tenant_id = $2 and endpoint_id = $3 and id = $5 and exists (select from held)
returning id
"""


async def delete_lane(database: Database, lease: Lease, lane: Lane) -> bool:
    """Ends a lane that has caught up; whether it was still the lease's holder's to do so.

    Another holder may be further, and count on the lane for what is behind it.
    """
    return bool(await database.rows(DELETE_LANE, *lease.tenant, lease.id, lease.holder, lane.id))


SAVE_LANES_DUE = """
update webhook_lanes set next_attempt_at = $4
 where cell = $1 and tenant_id = $2 and endpoint_id = $3 and next_attempt_at > $4
"""


async def save_lanes_due(database: Database, lease: Lease) -> None:
    """Lets everything that waits for an endpoint go on now."""
    await database.rows(SAVE_LANES_DUE, *lease.tenant, lease.id, lease.now)
