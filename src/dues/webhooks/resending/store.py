"""The statements that have events sent again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dues.db.transaction import Row
from dues.work.work import Work


def _lanes_of(chosen: str) -> str:
    """A lane for each object that `chosen` has events of, from the first to the last of them."""
    return f"""
with chosen as ({chosen}), lanes as (
    insert into webhook_lanes
           (tenant_id, endpoint_id, id, object_id, position, last_position, failed_only, next_attempt_at)
    select $1, $2, 'lane_' || replace(gen_random_uuid()::text, '-', ''), object_id, min(position), max(position), $4, $3
      from chosen
     group by object_id
)
select count(*) as number from chosen
"""


INSERT_LANE_OF_EVENT = _lanes_of("""
    select e.object_id, e.position
      from events e
     where e.tenant_id = $1 and e.id = $5 and e.data is not null
""")

INSERT_LANES_OF_TIME = _lanes_of("""
    select e.object_id, e.position
      from events e
     where e.tenant_id = $1 and e.id >= $5 and e.id < $6 and e.type = any($7) and e.data is not null
     limit $8
""")

INSERT_LANES_OF_FAILED = _lanes_of("""
    select e.object_id, e.position
      from webhook_deliveries d
      join events e on e.tenant_id = d.tenant_id and e.id = d.event_id and e.data is not null
     where d.tenant_id = $1 and d.endpoint_id = $2 and d.status = 'failed'
     limit $5
""")


async def insert_lane_of_event(work: Work, tenant_id: int, endpoint_id: str, now: datetime, event_id: str) -> int:
    """Has one event sent again; 0 where there is none, else 1."""
    return _number(await work.tx.lock(INSERT_LANE_OF_EVENT, tenant_id, endpoint_id, now, False, event_id))


async def insert_lanes_of_time(
    work: Work, tenant_id: int, endpoint_id: str, now: datetime, ids: tuple[str, str], types: Sequence[str], limit: int
) -> int:
    """Has events of these types sent again, with ids from the first to below the second; how many."""
    arguments: list[Any] = [tenant_id, endpoint_id, now, False, *ids, types, limit]
    return _number(await work.tx.lock(INSERT_LANES_OF_TIME, *arguments))


async def insert_lanes_of_failed(work: Work, tenant_id: int, endpoint_id: str, now: datetime, limit: int) -> int:
    """Has events sent again that failed for good; how many."""
    return _number(await work.tx.lock(INSERT_LANES_OF_FAILED, tenant_id, endpoint_id, now, True, limit))


def _number(rows: Sequence[Row]) -> int:
    number: int = rows[0]["number"]
    return number
