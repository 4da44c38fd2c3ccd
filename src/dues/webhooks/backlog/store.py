"""The statements on what waits to be delivered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from dues.db.database import Database

COUNTED_MAX: Final = 10_000
"""Of each type of event at each endpoint so many are counted, and as many lanes: an endpoint may be millions behind."""

FIND_BACKLOG: Final = """
select (select count(*) from webhook_endpoints d where d.cell = $1 and d.status = 'disabled') as disabled,
       count(*) as enabled,
       coalesce(sum(coming.number + behind.number), 0)::bigint as waiting,
       extract(epoch from max($4::timestamptz + make_interval(secs => t.clock_offset_seconds)
                              - least(coming.oldest, behind.oldest)))::float8 as oldest_seconds
  from webhook_endpoints e
  join tenants t on t.id = e.tenant_id
 cross join lateral (
           select count(new.created_at) as number, min(new.created_at) as oldest
             from unnest($2::text[]) as known(type)
            cross join lateral (
                      select v.created_at
                        from events v
                       where v.cell = $1 and v.tenant_id = e.tenant_id and v.type = known.type
                         and v.position > e.position and v.data is not null
                       order by v.position
                       limit $3
                  ) as new
            where e.event_types is null or known.type = any(e.event_types) or known.type = 'webhook_endpoint.test'
       ) as coming
 cross join lateral (
           select count(lane.created_at) as number, min(lane.created_at) as oldest
             from (
                      select v.created_at
                        from webhook_lanes l
                        join events v on v.cell = $1 and v.tenant_id = l.tenant_id and v.object_id = l.object_id
                                     and v.sequence = l.sequence
                       where l.cell = $1 and l.tenant_id = e.tenant_id and l.endpoint_id = e.id
                       order by l.next_attempt_at
                       limit $3
                  ) as lane
       ) as behind
 where e.cell = $1 and e.status = 'enabled'
"""


class Backlog(Struct):
    """Endpoints, and what waits for the enabled ones: events that are new there, and objects of which one was not
    taken, up to COUNTED_MAX of each type. `oldest_seconds`: how long the oldest has waited; None: nothing waits."""

    enabled: int = 0
    disabled: int = 0
    waiting: int = 0
    oldest_seconds: float | None = None


async def find_backlog(database: Database, cells: Sequence[int], types: Sequence[str], now: datetime) -> Backlog:
    """What waits in all of these cells together; `types` are those of events."""
    found = Backlog()
    for cell in cells:
        [row] = await database.rows(FIND_BACKLOG, cell, types, COUNTED_MAX, now)
        found.enabled += row["enabled"]
        found.disabled += row["disabled"]
        found.waiting += row["waiting"]
        ages = [age for age in (found.oldest_seconds, row["oldest_seconds"]) if age is not None]
        found.oldest_seconds = max(ages, default=None)
    return found
