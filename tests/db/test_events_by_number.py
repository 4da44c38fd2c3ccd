"""The migration to numbers of events: whatever a lane was at, it is at the same event afterwards."""

import asyncio
from datetime import UTC, datetime
from itertools import product
from typing import Any

import asyncpg

from dues.db.database import Database
from dues.db.migrate import migrate, migrations
from dues.domain.tenants import Tenant
from dues.webhooks.leases.store import Lease
from dues.webhooks.store import Lane, find_next_of_lane
from tests.db.databases import EmptyDatabases, execute

BEFORE = "0006_events_by_number.sql"

ENDPOINT_AT = 22
TYPES = ["customer.created", "customer.updated"]

EVENTS = """
insert into events (tenant_id, id, type, object_id, data, created_at, sequence, position)
select 1, 'evt_' || position, case position when 11 then 'bill.paid' else 'customer.updated' end, object_id,
       case when is_kept then '{}'::json end, now(), sequence, position
  from (values ('whole', 1, 3, true), ('whole', 2, 6, true), ('whole', 3, 11, true), ('whole', 4, 20, true),
               ('whole', 5, 25, true),
               ('its first are deleted', 4, 7, true), ('its first are deleted', 5, 14, true),
               ('its number alone', 3, 9, false),
               ('its number and one more', 2, 8, false), ('its number and one more', 3, 17, true))
       as made(object_id, sequence, position, is_kept)
"""
"""Of an object of which nothing at all is left, there is none."""

OBJECTS = ["whole", "its first are deleted", "its number alone", "its number and one more", "nothing is left"]

LANES = """
insert into webhook_lanes
       (tenant_id, endpoint_id, id, object_id, position, last_position, failed_only, attempts, next_attempt_at)
select 1, 'whe_' || number, 'lane_' || number, object_id, position, last_position, failed_only, attempts, now()
  from unnest($1::text[], $2::bigint[], $3::bigint[], $4::boolean[], $5::integer[])
       with ordinality as lane(object_id, position, last_position, failed_only, attempts, number)
"""

DELIVERIES = """
insert into webhook_deliveries (tenant_id, endpoint_id, event_id, event_type, status, attempts)
select 1, endpoint_id, 'evt_20', 'customer.updated', 'failed', '[]' from webhook_lanes where failed_only
"""

NEXT = """
select l.id, e.id as event_id, case when e.position = l.position then l.attempts else 0 end as attempts
  from webhook_lanes l
  left join lateral (
           select *
             from events e
            where e.tenant_id = l.tenant_id and e.object_id = l.object_id and e.position >= l.position
              and e.position <= coalesce(l.last_position, $1) and e.data is not null
              and (e.type = any($2) or l.position = l.last_position)
              and (not l.failed_only or (e.position = l.position and l.attempts > 0)
                   or exists (select from webhook_deliveries d
                               where d.tenant_id = l.tenant_id and d.endpoint_id = l.endpoint_id and d.event_id = e.id
                                 and d.status = 'failed'))
            order by e.position
            limit 1
       ) as e on true
"""
"""What each lane would have sent next, and after how many attempts, before the migration."""

Next = dict[str, tuple[str | None, int]]


async def _before(url: str) -> Next:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(EVENTS)
        lanes = list(product(OBJECTS, range(1, 27), [None, 3, 6, 9, 11, 14, 20, 25], [False, True], [0, 2]))
        await connection.execute(LANES, *zip(*lanes, strict=True))
        await connection.execute(DELIVERIES)
        rows = await connection.fetch(NEXT, ENDPOINT_AT, TYPES)
        return {row["id"]: (row["event_id"], row["attempts"] if row["event_id"] else 0) for row in rows}
    finally:
        await connection.close()


async def _after(url: str) -> Next:
    database = await Database.connect(url, 1)
    try:
        return {row["id"]: await _next(database, row) for row in await database.rows("select * from webhook_lanes")}
    finally:
        await database.close()


async def _next(database: Database, row: Any) -> tuple[str | None, int]:
    lane = Lane(**{name: row[name] for name in Lane.__struct_fields__})
    now = datetime.now(UTC)
    lease = Lease(Tenant(1, 1), row["endpoint_id"], "", None, [], ENDPOINT_AT, 0, None, None, now, None, "")
    event = await find_next_of_lane(database, lease, lane, ENDPOINT_AT, TYPES)
    if event is None:
        return None, 0
    return event.id, lane.attempts if event.sequence == lane.sequence else 0


def test_each_lane_goes_on_with_the_event_that_it_was_at(databases: EmptyDatabases) -> None:
    url = databases.new()
    execute(
        url, "create table schema_migrations (name text primary key, applied_at timestamptz default now() not null)"
    )
    for name, sql in migrations().items():
        if name < BEFORE:
            execute(url, sql)
            execute(url, f"insert into schema_migrations (name) values ('{name}')")
    before = asyncio.run(_before(url))
    assert {event for event, _ in before.values()} > {None, "evt_3", "evt_11", "evt_17", "evt_20", "evt_25"}
    assert BEFORE in asyncio.run(migrate(url))
    after = asyncio.run(_after(url))
    assert len(after) > 4_000
    assert after == before


OPEN_LANES = """
insert into webhook_lanes (tenant_id, endpoint_id, id, object_id, position, attempts, next_attempt_at)
values (1, 'whe_1', 'lane_1', 'its number alone', 10, 0, now()),
       (1, 'whe_1', 'lane_2', 'its first are deleted', 15, 0, now())
"""

NEXT_EVENTS = """
insert into events (tenant_id, id, type, object_id, data, created_at, sequence, position)
values (1, 'evt_21', 'customer.updated', 'its number alone', '{}', now(), 4, 21),
       (1, 'evt_22', 'customer.updated', 'its first are deleted', '{}', now(), 6, 22)
"""


def test_an_object_that_goes_on_is_sent_what_comes_next(databases: EmptyDatabases) -> None:
    url = databases.new()
    for name, sql in migrations().items():
        statements = [EVENTS, OPEN_LANES, sql, NEXT_EVENTS] if name == BEFORE else [sql]
        for one in statements:
            execute(url, one)
    assert asyncio.run(_after(url)) == {"lane_1": ("evt_21", 0), "lane_2": ("evt_22", 0)}
