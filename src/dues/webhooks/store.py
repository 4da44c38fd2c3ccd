"""The statements of delivery: leases of endpoints, lanes, and what became of each attempt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from dues.db.database import Database
from dues.events.store import COLUMNS, Event, event_of


class Lease(Struct, frozen=True):
    """An endpoint that one courier alone delivers to, named on it as `holder`, as it is now. Times are the tenant's."""

    tenant_id: int
    id: str
    url: str
    event_types: list[str] | None
    secrets: list[str]
    position: int
    failures: int
    failing_since: datetime | None
    held_until: datetime | None
    now: datetime
    next_lane_at: datetime | None
    holder: str


_NOW = "($1::timestamptz + make_interval(secs => t.clock_offset_seconds))"

_LEASE = f"""
       e.tenant_id, e.id, e.url, e.event_types,
       case when e.old_secret_until > {_NOW} then array[e.secret, e.old_secret] else array[e.secret] end as secrets,
       e.position, e.failures, e.failing_since, e.held_until, {_NOW} as now, e.leased_by as holder,
       (select min(l.next_attempt_at) from webhook_lanes l
         where l.tenant_id = e.tenant_id and l.endpoint_id = e.id) as next_lane_at
"""

LOCK_ENDPOINTS_WITH_WORK = f"""
with free as (
    select e.tenant_id, e.id
      from webhook_endpoints e
      join tenants t on t.id = e.tenant_id
     where e.status = 'enabled' and (e.leased_until is null or e.leased_until < $1)
       and (exists (select from webhook_lanes l
                     where l.tenant_id = e.tenant_id and l.endpoint_id = e.id and l.next_attempt_at <= {_NOW})
            or ((e.held_until is null or e.held_until <= {_NOW})
                and exists (select from unnest($5::text[]) as known(type)
                             cross join lateral (select 1 from events v
                                                  where v.tenant_id = e.tenant_id and v.type = known.type
                                                    and v.position > e.position and v.position <= $6
                                                    and v.data is not null
                                                  limit 1) as waiting
                             where e.event_types is null or known.type = any(e.event_types)
                                or known.type = 'webhook_endpoint.test')))
     order by random()
     limit $4
       for update of e skip locked
)
update webhook_endpoints e
   set leased_by = $2, leased_until = $3
  from free
  join tenants t on t.id = free.tenant_id
 where e.tenant_id = free.tenant_id and e.id = free.id
returning {_LEASE}
"""


async def lease_endpoints(
    database: Database, now: datetime, holder: str, until: datetime, limit: int, types: Sequence[str], to: int
) -> list[Lease]:
    """Takes up to `limit` endpoints that have something to be sent, by the position `to`, and that nobody holds."""
    rows = await database.rows(LOCK_ENDPOINTS_WITH_WORK, now, holder, until, limit, types, to)
    return [Lease(**dict(row)) for row in rows]


FIND_LEASED = f"""
select {_LEASE}
  from webhook_endpoints e
  join tenants t on t.id = e.tenant_id
 where e.tenant_id = $2 and e.id = $3 and e.leased_by = $4 and e.status = 'enabled'
"""


async def find_leased(database: Database, now: datetime, lease: Lease) -> Lease | None:
    """The endpoint as it is now, if it is still its holder's to deliver to."""
    row = await database.row(FIND_LEASED, now, lease.tenant_id, lease.id, lease.holder)
    return Lease(**dict(row)) if row else None


SAVE_LEASES = """
update webhook_endpoints e
   set leased_until = $1
  from unnest($2::bigint[], $3::text[], $4::text[]) as held(tenant_id, id, holder)
 where e.tenant_id = held.tenant_id and e.id = held.id and e.leased_by = held.holder
returning e.tenant_id, e.id, e.leased_by
"""


Held = tuple[int, str, str]
"""A lease's name: its tenant, its endpoint, its holder."""


async def renew_leases(database: Database, until: datetime, held: Sequence[Held]) -> set[Held]:
    """Keeps leases; those that are still their holders'."""
    rows = await database.rows(SAVE_LEASES, until, *zip(*held, strict=True))
    return {(row["tenant_id"], row["id"], row["leased_by"]) for row in rows}


SAVE_RELEASED = """
update webhook_endpoints set leased_by = null, leased_until = null
 where tenant_id = $1 and id = $2 and leased_by = $3
returning id
"""


async def release(database: Database, lease: Lease) -> None:
    """Gives a lease back, for anybody to take."""
    await database.rows(SAVE_RELEASED, lease.tenant_id, lease.id, lease.holder)


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
   and (e.type = any($5) or $3 = $9) and (e.type <> 'webhook_endpoint.test' or e.object_id = $7)
   and (not $6 or (e.position = $3 and $8)
        or exists (select from webhook_deliveries d
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
    begun = lane.attempts > 0  # what failed before is pending since
    asked = [lease.tenant_id, lane.object_id, lane.position, last, types, lane.failed_only, lease.id, begun]
    asked.append(lane.last_position)  # one event alone was asked for, and is sent whatever its type
    row = await database.row(FIND_NEXT_OF_LANE, *asked)
    return event_of(row) if row else None


class Delivered(Struct, frozen=True):
    """What became of an event at one attempt. `attempt` is JSON."""

    event: Event
    status: str
    attempt: str
    next_attempt_at: datetime | None


class Behind(Struct, frozen=True):
    """From where on an object's events need a lane of their own, after so many attempts at the first."""

    lane_id: str
    object_id: str
    position: int
    attempts: int
    next_attempt_at: datetime


SAVE_PROGRESS = """
with held as (
    update webhook_endpoints
       set position = greatest(position, $4), failures = $5, failing_since = $6, held_until = $7, leased_until = $8
     where tenant_id = $1 and id = $2 and leased_by = $3 and status = 'enabled'
    returning id
), delivered as (
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
    insert into webhook_lanes (tenant_id, endpoint_id, id, object_id, position, attempts, next_attempt_at)
    select $1, held.id, new.id, new.object_id, new.position, new.attempts, new.next_attempt_at
      from held,
           unnest($14::text[], $15::text[], $16::bigint[], $17::integer[], $18::timestamptz[])
               as new(id, object_id, position, attempts, next_attempt_at)
        on conflict (tenant_id, endpoint_id, object_id) where last_position is null do nothing
)
select id from held
"""


class Health(Struct, frozen=True):
    """How an endpoint has been of late."""

    failures: int = 0
    failing_since: datetime | None = None
    held_until: datetime | None = None


async def save_progress(
    database: Database,
    lease: Lease,
    until: datetime,
    position: int,
    health: Health,
    delivered: Sequence[Delivered],
    behind: Sequence[Behind],
) -> bool:
    """Notes what was attempted and how far the endpoint is now; whether it was still its holder's to do so."""
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
        [one.event.id for one in delivered],
        [one.event.type for one in delivered],
        [one.status for one in delivered],
        [one.attempt for one in delivered],
        [one.next_attempt_at for one in delivered],
        [one.lane_id for one in behind],
        [one.object_id for one in behind],
        [one.position for one in behind],
        [one.attempts for one in behind],
        [one.next_attempt_at for one in behind],
    )
    return bool(rows)


LOCK_HELD = """
select id from webhook_endpoints where tenant_id = $1 and id = $2 and leased_by = $3 for update
"""

SAVE_LANE = f"""
with held as ({LOCK_HELD})
update webhook_lanes set position = $5, attempts = $6, next_attempt_at = $7
 where tenant_id = $1 and endpoint_id = $2 and id = $4 and exists (select from held)
returning id
"""


async def save_lane(database: Database, lease: Lease, lane: Lane, next_attempt_at: datetime) -> bool:
    """Notes how far a lane is, and when it goes on; whether it was still the lease's holder's to do so."""
    arguments: list[Any] = [lane.position, lane.attempts, next_attempt_at]
    return bool(await database.rows(SAVE_LANE, lease.tenant_id, lease.id, lease.holder, lane.id, *arguments))


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


SAVE_DISABLED = """
update webhook_endpoints set status = 'disabled', disabled_reason = $4, leased_by = null, leased_until = null
 where tenant_id = $1 and id = $2 and leased_by = $3 and status = 'enabled'
returning id, url, event_types, description, disabled_reason, created_at
"""
