"""The statements on events."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.ids import new_id
from dues.events.catalogue import EventType
from dues.work.work import Work

INSERT_EVENTS = """
insert into events (tenant_id, id, type, object_id, data, created_at, sequence)
select new.tenant_id, new.id, new.type, new.object_id, new.data, new.created_at,
       case when new.is_first then 0
            else coalesce((select e.sequence from events e
                            where e.tenant_id = new.tenant_id and e.object_id = new.object_id
                            order by e.sequence desc limit 1), 0)
       end + row_number() over (partition by new.tenant_id, new.object_id order by new.number)
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::json[], $6::timestamptz[], $7::boolean[])
       with ordinality as new(tenant_id, id, type, object_id, data, created_at, is_first, number)
 order by new.number
"""


def insert_event(work: Work, tenant_id: int, event_type: EventType, object_id: str, data: bytes) -> str:
    """Writes that something happened to `object_id`, which is new or locked; the event's id.

    `data` is the object's JSON as it is now.
    """
    is_first = event_type.endswith(".created") or event_type == "obligation.amount_applied"
    now = work.now_of(tenant_id)
    event_id = new_id("evt_", now)
    work.tx.write(INSERT_EVENTS, [(tenant_id, event_id, event_type, object_id, data.decode(), now, is_first)])
    return event_id


class Event(Struct, frozen=True):
    """An event as it is kept. `data` is JSON; `position` is its place in the feed, `sequence` among its object's."""

    id: str
    type: str
    object_id: str
    sequence: int
    position: int
    created_at: datetime
    data: str


COLUMNS = "e.id, e.type, e.object_id, e.sequence, e.position, e.created_at, e.data"

FIND_EVENTS = f"""
select e.tenant_id, {COLUMNS}
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, id)
  join events e on e.tenant_id = asked.tenant_id and e.id = asked.id and e.data is not null
"""


async def find_events(work: Work, asked: Sequence[tuple[int, str]]) -> list[Event | None]:
    """The event of each (tenant, id) that is asked for, if it is kept."""
    rows = await work.tx.find(FIND_EVENTS, *zip(*asked, strict=True))
    found = {(row["tenant_id"], row["id"]): event_of(row) for row in rows}
    return [found.get(one) for one in asked]


def _of_types(beyond: str, direction: str) -> str:
    """Each type is an index scan of its own, so that a page costs the same however rare its types are."""
    return f"""
select {COLUMNS}
  from unnest($2::text[]) as wanted(type)
 cross join lateral (
           select * from events e
            where e.tenant_id = $1 and e.type = wanted.type and e.position {beyond} $3 and e.position <= $4
              and e.data is not null
            order by e.position {direction}
            limit $5
       ) as e
 order by e.position {direction}
 limit $5
"""


def _of_object(beyond: str, direction: str) -> str:
    """By the object's own numbers; positions rise with them, so both bounds may be given."""
    return f"""
select {COLUMNS}
  from events e
 where e.tenant_id = $1 and e.object_id = $6 and e.sequence {beyond} $7 and e.type = any($2)
   and e.position {beyond} $3 and e.position <= $4 and e.data is not null
 order by e.sequence {direction}
 limit $5
"""


LIST_OLDEST = _of_types(">", "asc")
LIST_NEWEST = _of_types("<", "desc")
LIST_OLDEST_OF_OBJECT = _of_object(">", "asc")
LIST_NEWEST_OF_OBJECT = _of_object("<", "desc")

POSITION_MAX = 2**63 - 1


class Place(Struct, frozen=True):
    """Where a reader of the feed stands: at a position, and at a number among those of one object's events."""

    position: int
    sequence: int


BEGINNING = Place(0, 0)
END = Place(POSITION_MAX, POSITION_MAX)


async def list_events_after(
    database: Database, tenant_id: int, types: Sequence[str], after: Place, to: int, limit: int, object_id: str | None
) -> list[Event]:
    """At most `limit` events after a place and not above the position `to`, oldest first."""
    statement, more = (LIST_OLDEST_OF_OBJECT, [object_id, after.sequence]) if object_id else (LIST_OLDEST, [])
    return await _list(database, statement, tenant_id, types, after.position, to, limit, *more)


async def list_events_before(
    database: Database, tenant_id: int, types: Sequence[str], before: Place, limit: int, object_id: str | None
) -> list[Event]:
    """At most `limit` events before a place, newest first."""
    statement, more = (LIST_NEWEST_OF_OBJECT, [object_id, before.sequence]) if object_id else (LIST_NEWEST, [])
    return await _list(database, statement, tenant_id, types, before.position, POSITION_MAX, limit, *more)


async def _list(database: Database, statement: str, *arguments: object) -> list[Event]:
    return [event_of(row) for row in await database.rows(statement, *arguments)]


FIND_POSITION = "select position from events where tenant_id = $1 and id = $2"


async def find_position(database: Database, tenant_id: int, event_id: str) -> int | None:
    """Where in the feed an event is, if anything is left of it."""
    row = await database.row(FIND_POSITION, tenant_id, event_id)
    return row["position"] if row else None


FIND_LATEST_POSITION = "select case when is_called then last_value else 0 end as position from event_positions"

FIND_RUNNING = """
select pg_current_xact_id()::text::bigint as own, pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest
"""

FIND_OLDEST_RUNNING = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest"

COUNT_LISTENERS = """
select count(*) as listeners
  from pg_stat_activity
 where datname = current_database() and application_name = $1 and pid <> $2
"""

NOTIFY_EVENTS = "select pg_notify($1, $2)"


def event_of(row: Row) -> Event:
    """The event that a row with COLUMNS is."""
    columns = "id", "type", "object_id", "sequence", "position", "created_at", "data"
    return Event(*(row[column] for column in columns))
