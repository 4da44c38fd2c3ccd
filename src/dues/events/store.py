"""The statements on events."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.actors import SYSTEM
from dues.domain.ids import new_id
from dues.domain.tenants import Tenant
from dues.events.catalogue import EventType
from dues.work.questions import Part, Question
from dues.work.work import Work

INSERT_EVENTS = """
insert into events (cell, tenant_id, id, type, object_id, sequence, data, created_at, actor)
select $1::integer, *
  from unnest($2::integer[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::json[], $8::timestamptz[],
              $9::text[])
"""

INSERT_EVENTS_ON_NODE = """
insert into events (cell, tenant_id, id, type, object_id, sequence, data, created_at, actor, position)
select home.cell, new.tenant_id, new.id, new.type, new.object_id, new.sequence, new.data, new.created_at, new.actor,
       (take_event_positions(cardinality($2::integer[])))[new.number]
  from cells home,
       unnest($2::integer[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::json[], $8::timestamptz[],
              $9::text[])
           with ordinality as new(tenant_id, id, type, object_id, sequence, data, created_at, actor, number)
 where home.cell = $1
"""
"""The same where the database is spread over nodes: positions are taken before it goes to the cell's."""


class NewEvent(NamedTuple):
    """Something that happened to an object, and who did it. `sequence` is its number among the object's events; `data`
    is JSON."""

    tenant_id: int
    id: str
    type: EventType
    object_id: str
    sequence: int
    data: str
    created_at: datetime
    actor: str | None


def insert_events(work: Work, events: Sequence[NewEvent]) -> None:
    """Writes events, in the order of the feed. A number that is taken makes the transaction raise Conflict."""
    work.tx.write(INSERT_EVENTS_ON_NODE if work.tx.is_spread else INSERT_EVENTS, events)


FIND_LAST_SEQUENCE = """
select e.sequence from events e
 where e.cell = $1 and e.tenant_id = $2 and e.object_id = $3
 order by e.sequence desc
 limit 1
"""

INSERT_NEXT_EVENT = """
insert into events (cell, tenant_id, id, type, object_id, sequence, data, created_at, actor)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def insert_next_event(
    work: Work, tenant: Tenant, event_type: EventType, object_id: str, data: bytes, actor: str | None = SYSTEM
) -> str:
    """Writes that something happened to an object that is locked; the event's id. `data` is JSON."""
    now = work.now_of(tenant)
    event_id = new_id("evt_", now)
    last = await work.tx.find(FIND_LAST_SEQUENCE, *tenant, object_id)
    number = (last[0]["sequence"] if last else 0) + 1
    await work.tx.lock(INSERT_NEXT_EVENT, *tenant, event_id, event_type, object_id, number, data.decode(), now, actor)
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
    actor: str | None = None
    """Who did it; None: it is older than that is kept."""


COLUMNS = "e.id, e.type, e.object_id, e.sequence, e.position, e.created_at, e.data, e.actor"


class EventNamed(Question, frozen=True):
    """The event with this id, if it is kept."""

    id: str

    @property
    def part(self) -> Part:
        return _EVENT_NAMED

    @property
    def values(self) -> tuple[object, ...]:
        return (self.id,)


_EVENT_NAMED = Part(
    name="events",
    asked={"id": "text"},
    source="""  join events e
    on e.cell = $1 and e.tenant_id = asked.tenant_id and e.id = asked.id and e.data is not null""",
    value="""json_build_object(
    'id', e.id, 'type', e.type, 'object_id', e.object_id, 'sequence', e.sequence, 'position', e.position,
    'created_at', e.created_at, 'data', e.data::text, 'actor', e.actor)""",
    shape=Event,
)


def _of_types(beyond: str, direction: str) -> str:
    """Each type is an index scan of its own, so that a page costs the same however rare its types are."""
    return f"""
select {COLUMNS}
  from unnest($3::text[]) as wanted(type)
 cross join lateral (
           select * from events e
            where e.cell = $1 and e.tenant_id = $2 and e.type = wanted.type
              and e.position {beyond} $4 and e.position <= $5 and e.data is not null
            order by e.position {direction}
            limit $6
       ) as e
 order by e.position {direction}
 limit $6
"""


def _of_object(beyond: str, direction: str) -> str:
    """By the object's own numbers; positions rise with them, so both bounds may be given."""
    return f"""
select {COLUMNS}
  from events e
 where e.cell = $1 and e.tenant_id = $2 and e.object_id = $7 and e.sequence {beyond} $8 and e.type = any($3)
   and e.position {beyond} $4 and e.position <= $5 and e.data is not null
 order by e.sequence {direction}
 limit $6
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
    database: Database, tenant: Tenant, types: Sequence[str], after: Place, to: int, limit: int, object_id: str | None
) -> list[Event]:
    """At most `limit` events after a place and not above the position `to`, oldest first."""
    statement, more = (LIST_OLDEST_OF_OBJECT, [object_id, after.sequence]) if object_id else (LIST_OLDEST, [])
    return await _list(database, statement, *tenant, types, after.position, to, limit, *more)


async def list_events_before(
    database: Database, tenant: Tenant, types: Sequence[str], before: Place, limit: int, object_id: str | None
) -> list[Event]:
    """At most `limit` events before a place, newest first."""
    statement, more = (LIST_NEWEST_OF_OBJECT, [object_id, before.sequence]) if object_id else (LIST_NEWEST, [])
    return await _list(database, statement, *tenant, types, before.position, POSITION_MAX, limit, *more)


async def _list(database: Database, statement: str, *arguments: object) -> list[Event]:
    return [event_of(row) for row in await database.rows(statement, *arguments)]


FIND_POSITION = "select position from events where cell = $1 and tenant_id = $2 and id = $3"


async def find_position(database: Database, tenant: Tenant, event_id: str) -> int | None:
    """Where in the feed an event is, if anything is left of it."""
    row = await database.row(FIND_POSITION, *tenant, event_id)
    return row["position"] if row else None


FIND_LATEST_POSITION = """
select coalesce(pg_sequence_last_value('event_positions'), 0) as position, pg_postmaster_start_time() as server,
       current_setting('synchronous_standby_names') <> '' as has_standby
"""
"""And which server says so, by the time of its start: after a fail-over it is another.

By the function, which waits for whoever takes a position: the sequence's row, read as a table's, is for a moment up
to 32 too high, each time PostgreSQL logs that many in advance. Who went on from there would miss what comes there.
"""

FIND_WRITERS = """
select distinct pg_postmaster_start_time() as server,
       case when l.pid is null and l.locktype is not null then 'prepared' else l.virtualtransaction end as writer
  from (select) as this
  left join pg_locks l
    on l.locktype = 'relation' and l.relation = 'events'::regclass and l.mode = 'RowExclusiveLock' and l.granted
   and l.database = (select d.oid from pg_database d where d.datname = current_database())
"""
"""One row without a writer where there is none."""

FIND_WRITERS_ON_NODE = """
select distinct case when l.pid is null then 'prepared' else l.virtualtransaction end as writer
  from cells home
 cross join pg_locks l
 where home.cell = $1 and l.locktype = 'relation' and l.mode = 'RowExclusiveLock' and l.granted
   and l.relation::regclass::text ~ '(^|[.])events_[0-9]+$'
"""
"""On the node of a cell: each of its parts of the table has a number there."""

FIND_OLDEST_WRITERS = """
select l.pid, a.application_name, a.state, extract(epoch from clock_timestamp() - a.xact_start)::float8 as age_seconds
  from pg_locks l
  left join pg_stat_activity a on a.pid = l.pid
 where l.locktype = 'relation' and l.relation = 'events'::regclass and l.mode = 'RowExclusiveLock' and l.granted
   and l.database = (select d.oid from pg_database d where d.datname = current_database())
 order by a.xact_start limit 5
"""

COUNT_LISTENERS = """
select count(*) as listeners from pg_stat_activity
 where datname = current_database() and application_name = $1 and pid <> $2
"""

NOTIFY_EVENTS = "select pg_notify($1, $2)"


def event_of(row: Row) -> Event:
    """What a row with COLUMNS is."""
    return Event(*(row[name] for name in Event.__struct_fields__))
