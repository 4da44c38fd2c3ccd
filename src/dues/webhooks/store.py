"""The statements on what became of each attempt to deliver, and on how far an endpoint is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Row
from dues.events.store import Event
from dues.webhooks.lanes.store import Lane
from dues.webhooks.leases.store import Lease


class Delivered(Struct, frozen=True):
    """What became of an event at one attempt. `attempt` is JSON."""

    event: Event
    status: str
    attempt: str
    next_attempt_at: datetime | None


class Behind(Struct, frozen=True):
    """An object whose events need a lane from now on."""

    lane: Lane
    next_attempt_at: datetime


class Health(Struct, frozen=True):
    """How an endpoint has been of late: failures in a row, and until when nothing new is tried."""

    failures: int = 0
    failing_since: datetime | None = None
    held_until: datetime | None = None


class Progress(Struct, frozen=True):
    """How far an endpoint is and how it has been, what was attempted, and whose events go by lanes from now on."""

    position: int
    health: Health
    delivered: Sequence[Delivered]
    behind: Sequence[Behind]


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


async def save_progress(database: Database, lease: Lease, holder: str, until: datetime, progress: Progress) -> bool:
    """Notes progress and keeps the lease until a time; whether it was still `holder`'s."""
    health, delivered, lanes = progress.health, progress.delivered, [one.lane for one in progress.behind]
    arguments: list[Any] = [
        [one.event.id for one in delivered],
        [one.event.type for one in delivered],
        [one.status for one in delivered],
        [one.attempt for one in delivered],
        [one.next_attempt_at for one in delivered],
        [lane.id for lane in lanes],
        [lane.object_id for lane in lanes],
        [lane.position for lane in lanes],
        [lane.attempts for lane in lanes],
        [one.next_attempt_at for one in progress.behind],
    ]
    rows = await database.rows(
        SAVE_PROGRESS,
        lease.tenant_id,
        lease.id,
        holder,
        progress.position,
        health.failures,
        health.failing_since,
        health.held_until,
        until,
        *arguments,
    )
    return bool(rows)


LIST_DELIVERIES = """
select event_id, event_type, status, attempts, next_attempt_at
  from webhook_deliveries
 where tenant_id = $1 and endpoint_id = $2 and event_id < $3 and ($4::text is null or status = $4)
 order by event_id desc
 limit $5
"""

LIST_FAILED_DELIVERIES = """
select event_id, event_type, status, attempts, next_attempt_at
  from webhook_deliveries
 where tenant_id = $1 and endpoint_id = $2 and event_id < $3 and status = 'failed'
 order by event_id desc
 limit $4
"""


async def list_deliveries(
    database: Database, tenant_id: int, endpoint_id: str, before: str | None, status: str | None, limit: int
) -> list[Row]:
    """What became of events at an endpoint, newest event first."""
    arguments: list[Any] = [tenant_id, endpoint_id, before or "evt_~"]
    if status == "failed":
        return await database.rows(LIST_FAILED_DELIVERIES, *arguments, limit)
    return await database.rows(LIST_DELIVERIES, *arguments, status, limit)
