"""The statements on leases of endpoints."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Row, Transaction
from dues.domain.tenants import Tenant
from dues.domain.webhook_endpoints import DisabledReason

ANY_ENABLED = "select from webhook_endpoints where cell = $1 and status = 'enabled' limit 1"


async def is_any_enabled(database: Database, cell: int) -> bool:
    """Whether a cell has any endpoint to deliver to."""
    return bool(await database.rows(ANY_ENABLED, cell))


class Lease(Struct, frozen=True):
    """An endpoint, as it is now, that its `holder` alone delivers to. Times are the tenant's."""

    tenant: Tenant
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
    is_resending: bool = False


_NOW = "($2::timestamptz + make_interval(secs => t.clock_offset_seconds))"

_LEASE = """
       e.cell, e.tenant_id, e.id, e.url, e.event_types,
       e.secret, e.old_secret, e.old_secret_until, e.position, e.failures, e.failing_since, e.held_until,
       t.clock_offset_seconds, e.leased_by as holder,
       (select min(l.next_attempt_at) from webhook_lanes l
         where l.cell = $1 and l.tenant_id = e.tenant_id and l.endpoint_id = e.id) as next_lane_at,
       exists (select from webhook_resends r
                where r.cell = $1 and r.tenant_id = e.tenant_id and r.endpoint_id = e.id) as is_resending
"""

_IS_FREE = "(e.leased_until is null or e.leased_until < $2 or e.leased_until > $4::timestamptz + interval '1 minute')"
"""A lease that ends later than any could was taken by a clock that was ahead: nobody shall wait for as long as that."""

LOCK_ENDPOINTS_WITH_WORK = f"""
with wanting as materialized (
    select e.tenant_id, e.id,
           coalesce(held.number, 0) + row_number() over (partition by e.tenant_id order by md5(e.id || $3)) as turn
      from webhook_endpoints e
      left join unnest($8::integer[], $9::bigint[]) as held(tenant_id, number) on held.tenant_id = e.tenant_id
      join tenants t on t.id = e.tenant_id
     where e.cell = $1 and e.status = 'enabled' and {_IS_FREE}
       and (exists (select from webhook_lanes l
                     where l.cell = $1 and l.tenant_id = e.tenant_id and l.endpoint_id = e.id
                       and l.next_attempt_at <= {_NOW})
            or ((e.held_until is null or e.held_until <= {_NOW})
                and (exists (select from webhook_resends r
                              where r.cell = $1 and r.tenant_id = e.tenant_id and r.endpoint_id = e.id)
                     or exists (select from unnest($6::text[]) as known(type)
                             cross join lateral (select 1 from events v
                                                  where v.cell = $1 and v.tenant_id = e.tenant_id
                                                    and v.type = known.type
                                                    and v.position > e.position and v.position <= $7
                                                    and v.data is not null
                                                  limit 1) as waiting
                             where e.event_types is null or known.type = any(e.event_types)
                                or known.type = 'webhook_endpoint.test'))))
), in_turn as materialized (
    select w.*, row_number() over (order by w.turn, md5(w.id || $3)) as rank from wanting w
), free as materialized (
    select e.tenant_id, e.id
      from in_turn i
      join webhook_endpoints e on e.cell = $1 and e.tenant_id = i.tenant_id and e.id = i.id
     where e.status = 'enabled' and {_IS_FREE}
       and i.turn <= $10 - i.rank + 1
     order by i.rank
     limit $5
       for update of e skip locked
)
update webhook_endpoints e
   set leased_by = $3, leased_until = $4
  from free
  join tenants t on t.id = free.tenant_id
 where e.cell = $1 and e.tenant_id = free.tenant_id and e.id = free.id
returning {_LEASE}
"""


async def lease_endpoints(
    database: Database,
    cell: int,
    now: datetime,
    holder: str,
    until: datetime,
    limit: int,
    types: Sequence[str],
    to: int,
    held: Mapping[int, int],
    free: int,
) -> list[Lease]:
    """Takes up to `limit` endpoints of a cell that nobody holds, with something to be sent by the position `to`.

    Tenants take turns, those first of whose endpoints the fewest are `held` already; and as with places, a tenant gets
    another lease only while it has fewer than are `free`. Among equals it is at random: by their ids with the name of
    the holder, which is new each time. Where the database is spread over nodes, a node can do that as a whole.
    """
    arguments = cell, now, holder, until, limit, types, to, list(held), list(held.values()), free
    rows = await database.rows(LOCK_ENDPOINTS_WITH_WORK, *arguments)
    return [_lease(row, now) for row in rows]


def _lease(row: Row, server_now: datetime) -> Lease:
    values = dict(row)
    now = server_now + timedelta(seconds=values.pop("clock_offset_seconds"))
    secret, old, old_until = (values.pop(name) for name in ("secret", "old_secret", "old_secret_until"))
    secrets = [secret, old] if old_until and old_until > now else [secret]
    return Lease(tenant=Tenant(values.pop("cell"), values.pop("tenant_id")), secrets=secrets, now=now, **values)


FIND_LEASED = f"""
select {_LEASE}
  from webhook_endpoints e
  join tenants t on t.id = e.tenant_id
 where e.cell = $1 and e.tenant_id = $2 and e.id = $3 and e.leased_by = $4 and e.status = 'enabled'
"""


async def find_leased(database: Database, now: datetime, lease: Lease) -> Lease | None:
    """The endpoint as it is now, if it is still its holder's to deliver to."""
    row = await database.row(FIND_LEASED, *lease.tenant, lease.id, lease.holder)
    return _lease(row, now) if row else None


SAVE_LEASES = """
update webhook_endpoints e
   set leased_until = $2
  from unnest($3::integer[], $4::text[], $5::text[]) as held(tenant_id, id, holder)
 where e.cell = $1 and e.tenant_id = held.tenant_id and e.id = held.id and e.leased_by = held.holder
returning e.tenant_id, e.id, e.leased_by
"""

LeaseKey = tuple[Tenant, str, str]
"""Which lease: its tenant, its endpoint, its holder."""


async def renew_leases(database: Database, cell: int, until: datetime, held: Sequence[LeaseKey]) -> set[LeaseKey]:
    """Keeps leases of a cell; those that are still their holders'."""
    here = [(tenant.id, endpoint_id, holder) for tenant, endpoint_id, holder in held]
    rows = await database.rows(SAVE_LEASES, cell, until, *zip(*here, strict=True))
    return {(Tenant(cell, row["tenant_id"]), row["id"], row["leased_by"]) for row in rows}


SAVE_RELEASED = """
update webhook_endpoints set leased_by = null, leased_until = null
 where cell = $1 and tenant_id = $2 and id = $3 and leased_by = $4
returning id
"""


async def release(database: Database, lease: Lease) -> None:
    """Gives a lease back, for anybody to take."""
    await database.rows(SAVE_RELEASED, *lease.tenant, lease.id, lease.holder)


WAIT_FOR_DISK = "select set_config('synchronous_commit', 'on', true)"

SAVE_DISABLED = """
update webhook_endpoints set status = 'disabled', disabled_reason = $5, leased_by = null, leased_until = null
 where cell = $1 and tenant_id = $2 and id = $3 and leased_by = $4 and status = 'enabled'
returning id, url, event_types, description, disabled_reason, created_at
"""


async def save_disabled(tx: Transaction, lease: Lease, reason: DisabledReason) -> list[Row]:
    """Disables an endpoint and ends its lease; the endpoint, if it was still its holder's.

    Unlike what else is noted of deliveries, that is an event: whoever was told must find it again after a crash.
    """
    await tx.lock(WAIT_FOR_DISK)
    return await tx.lock(SAVE_DISABLED, *lease.tenant, lease.id, lease.holder, reason)
