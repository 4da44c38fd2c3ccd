"""The statements on what is to be sent again: how much that is, the job of an endpoint, and the lanes made of it."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, structs

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.webhooks.leases.store import Lease
from dues.work.work import Work

INSERT_LANE_OF_EVENT = """
with chosen as materialized (
    select e.object_id, e.sequence,
           exists (select from webhook_lanes l
                    where l.cell = $1 and l.tenant_id = $2 and l.endpoint_id = $3
                      and l.object_id = e.object_id and l.sequence = e.sequence
                      and l.last_sequence = e.sequence and l.any_type) as has_lane
      from events e
     where e.cell = $1 and e.tenant_id = $2 and e.id = $5 and e.data is not null
       and (e.type <> 'webhook_endpoint.test' or e.object_id = $3)
), lanes as (
    insert into webhook_lanes
           (cell, tenant_id, endpoint_id, id, object_id, sequence, last_sequence, any_type, next_attempt_at)
    select $1, $2, $3, 'lane_' || replace(gen_random_uuid()::text, '-', ''), object_id, sequence, sequence, true, $4
      from chosen
     where not has_lane
)
select count(*) as number from chosen
"""


async def insert_lane_of_event(work: Work, tenant: Tenant, endpoint_id: str, now: datetime, event_id: str) -> int:
    """Has one event sent again, once however often that is asked for before it is; 0 where there is none, else 1."""
    [row] = await work.tx.lock(INSERT_LANE_OF_EVENT, *tenant, endpoint_id, now, event_id)
    number: int = row["number"]
    return number


COUNT_EVENTS_OF_TIME = """
select count(*) as number
  from (select 1
          from events e
         where e.cell = $1 and e.tenant_id = $2 and e.id >= $3 and e.id < $4 and e.type = any($5)
           and e.data is not null
         limit $6) as events
"""


async def count_events_of_time(
    work: Work, tenant: Tenant, ids: tuple[str, str], types: Sequence[str], up_to: int
) -> int:
    """How many events there are of these types, with ids from the first to below the second; no more than `up_to`."""
    [row] = await work.tx.find(COUNT_EVENTS_OF_TIME, *tenant, *ids, types, up_to)
    number: int = row["number"]
    return number


FIND_FAILED = """
select count(*) as number, max(failed.event_id) as last
  from (select d.event_id
          from webhook_deliveries d
          join events e on e.cell = $1 and e.tenant_id = $2 and e.id = d.event_id and e.data is not null
         where d.cell = $1 and d.tenant_id = $2 and d.endpoint_id = $3 and d.status = 'failed'
         order by d.event_id
         limit $4) as failed
"""


async def find_failed(work: Work, tenant: Tenant, endpoint_id: str, up_to: int) -> tuple[int, str]:
    """How many events failed for good, no more than `up_to`, and the id of the last of these."""
    [row] = await work.tx.find(FIND_FAILED, *tenant, endpoint_id, up_to)
    return row["number"], row["last"] or ""


class Job(Struct, frozen=True):
    """Which events are to be sent again: those from an id to below another, or what failed of these.

    `to_now`: that is, to the time at which it was asked for.
    """

    from_id: str
    to_id: str
    to_now: bool
    failed_only: bool

    def covers(self, other: "Job") -> bool:
        """Whether all that another asks for is sent again by this one. What came after this one was made is new."""
        within = other.to_id <= self.to_id or (other.to_now and self.to_now)
        return other.failed_only == self.failed_only and other.from_id >= self.from_id and within


FIND_RESEND = """
select from_id, to_id, to_now, failed_only
  from webhook_resends
 where cell = $1 and tenant_id = $2 and endpoint_id = $3
"""

INSERT_RESEND = """
insert into webhook_resends (cell, tenant_id, endpoint_id, from_id, to_id, to_now, failed_only)
values ($1, $2, $3, $4, $5, $6, $7)
"""


async def find_resend(work: Work, tenant: Tenant, endpoint_id: str) -> Job | None:
    """What is being sent again to an endpoint, which is locked."""
    rows = await work.tx.lock(FIND_RESEND, *tenant, endpoint_id)
    return Job(**dict(rows[0])) if rows else None


async def insert_resend(work: Work, tenant: Tenant, endpoint_id: str, job: Job) -> None:
    """Has its worker send all that again."""
    await work.tx.lock(INSERT_RESEND, *tenant, endpoint_id, *structs.astuple(job))


INSERT_LANES_OF_RESEND = """
with held as (
    select id, position from webhook_endpoints where cell = $1 and tenant_id = $2 and id = $3 and leased_by = $4
       for update
), job as materialized (
    select r.from_id, r.to_id, r.failed_only, r.object_id, held.position
      from held
      join webhook_resends r on r.cell = $1 and r.tenant_id = $2 and r.endpoint_id = held.id
     where (select count(*) from webhook_lanes l
             where l.cell = $1 and l.tenant_id = $2 and l.endpoint_id = $3
               and l.last_sequence is not null and l.attempts = 0) < $6
), asked as materialized (
    select e.object_id, e.sequence
      from job
      join events e on e.cell = $1 and e.tenant_id = $2 and e.id >= job.from_id and e.id < job.to_id
     where not job.failed_only and e.type = any($5) and e.type <> 'webhook_endpoint.test'
       and e.object_id > job.object_id and e.position <= job.position and e.data is not null
     union all
    select e.object_id, e.sequence
      from job
      join webhook_deliveries d on d.cell = $1 and d.tenant_id = $2 and d.endpoint_id = $3 and d.status = 'failed'
       and d.event_id < job.to_id
      join events e on e.cell = $1 and e.tenant_id = $2 and e.id = d.event_id
     where job.failed_only and e.object_id > job.object_id and e.data is not null
), chosen as materialized (
    select a.object_id, min(a.sequence) as first, max(a.sequence) as last
      from asked a
     group by a.object_id
     order by a.object_id
     limit $6
), covered as materialized (
    select c.object_id
      from chosen c
     cross join job
      join webhook_lanes l on l.cell = $1 and l.tenant_id = $2 and l.endpoint_id = $3 and l.object_id = c.object_id
       and l.sequence <= c.first and coalesce(l.last_sequence >= c.last, true)
       and (job.failed_only or not l.failed_only) and not l.any_type
), lanes as (
    insert into webhook_lanes
           (cell, tenant_id, endpoint_id, id, object_id, sequence, last_sequence, failed_only, next_attempt_at)
    select $1, $2, $3, 'lane_' || replace(gen_random_uuid()::text, '-', ''), c.object_id, c.first, c.last,
           job.failed_only, $7
      from chosen c, job
     where c.object_id not in (select object_id from covered)
), moved as (
    update webhook_resends set object_id = (select max(c.object_id) from chosen c)
     where cell = $1 and tenant_id = $2 and endpoint_id = $3
       and exists (select from job) and (select count(*) from chosen) = $6
), ended as (
    delete from webhook_resends
     where cell = $1 and tenant_id = $2 and endpoint_id = $3
       and exists (select from job) and (select count(*) from chosen) < $6
)
select count(*) as number from chosen
"""


async def insert_lanes_of_resend(database: Database, lease: Lease, types: Sequence[str], limit: int) -> int:
    """Makes lanes for the next objects of what is to be sent again; of how many. None while `limit` are not begun.

    An object's are one lane, so that they go in order, and none where another is to send all of them anyhow. With its
    last objects the job is over. What the endpoint was not sent yet, it will be: that is not sent again.
    """
    row = await database.row(INSERT_LANES_OF_RESEND, *lease.tenant, lease.id, lease.holder, types, limit, lease.now)
    assert row
    number: int = row["number"]
    return number
