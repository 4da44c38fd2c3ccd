"""The statement on what is due to be delivered, at endpoints that take it."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from dues.db.database import Database
from dues.webhooks.health import FAILURES_MAX

ENDPOINTS_MAX = 1_000
"""Of a cell, that are looked at: each costs a few look-ups in indexes."""

COUNTED_MAX = 100
"""Of what is new for an endpoint, and of its lanes."""


class Due(Struct, frozen=True):
    """What waits at the endpoints of a cell that are enabled: `lag_seconds` is for how long the oldest has been due,
    `due` how many deliveries are, at the `working` ones; the `failing` ones are only probed."""

    working: int
    failing: int
    due: int
    lag_seconds: float


FIND_DUE = """
with enabled as materialized (
    select e.tenant_id, e.id, e.position, e.event_types, e.held_until, e.failures >= $5 as is_failing
      from webhook_endpoints e
      join tenants t on t.id = e.tenant_id
     where e.cell = $1 and e.status = 'enabled' and t.clock_offset_seconds = 0
     limit $6
), waiting as (
    select waits.since
      from enabled e
     cross join lateral (
               (select l.next_attempt_at as since
                  from webhook_lanes l
                 where l.cell = $1 and l.tenant_id = e.tenant_id and l.endpoint_id = e.id and l.next_attempt_at <= $2
                 order by l.next_attempt_at
                 limit $7)
                union all
               (select v.created_at as since
                  from unnest($3::text[]) as known(type)
                 cross join lateral (select v.created_at
                                       from events v
                                      where v.cell = $1 and v.tenant_id = e.tenant_id and v.type = known.type
                                        and v.position > e.position and v.position <= $4 and v.data is not null
                                      order by v.position
                                      limit $7) as v
                 where (e.held_until is null or e.held_until <= $2)
                   and (e.event_types is null or known.type = any(e.event_types))
                 limit $7)
           ) as waits
     where not e.is_failing
)
select (select count(*) from enabled where not is_failing) as working,
       (select count(*) from enabled where is_failing) as failing,
       (select count(*) from waiting) as due,
       (select extract(epoch from $2 - min(since)) from waiting)::float8 as lag_seconds
"""


async def find_due(database: Database, cell: int, now: datetime, types: Sequence[str], to: int) -> Due:
    """What is to be delivered of a cell, by the position `to`. Tenants whose test clock was moved are left out: what is
    due there is not late."""
    row = await database.row(FIND_DUE, cell, now, types, to, FAILURES_MAX, ENDPOINTS_MAX, COUNTED_MAX)
    assert row, "an aggregate has a row"
    return Due(row["working"], row["failing"], row["due"], max(0.0, row["lag_seconds"] or 0.0))
