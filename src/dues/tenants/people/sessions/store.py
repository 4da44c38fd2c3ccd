"""The statements on sessions."""

from datetime import datetime

from msgspec import Struct

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.tenants.keys import Mode
from dues.tenants.people.store import PERSON, Person


class Session(Struct, frozen=True, kw_only=True):
    """Somebody who is logged in, in a mode of their merchant's."""

    id: str
    person: Person
    merchant: str
    tenant: Tenant
    mode: Mode
    time_zone: str
    clock_offset_seconds: int
    created_at: datetime
    seen_at: datetime
    ended_at: datetime | None


INSERT_SESSION = """
insert into sessions (id, person_id, token_sha256, mode, address, browser, created_at, seen_at)
values ($1, $2, $3, $4, $5, $6, $7, $7)
returning id
"""


async def insert_session(
    database: Database, session_id: str, person_id: str, token_sha256: bytes, address: str, browser: str, now: datetime
) -> None:
    """Somebody is logged in, in live mode first."""
    await database.rows(INSERT_SESSION, session_id, person_id, token_sha256, "live", address, browser, now)


FIND_SESSION = f"""
select s.id as session_id, s.mode, s.created_at as begun_at, s.seen_at, s.ended_at,
       m.name as merchant, m.time_zone, t.cell, t.id as tenant_id, t.clock_offset_seconds, {PERSON}
  from sessions s
  join people p on p.id = s.person_id
  join merchants m on m.id = p.merchant_id
  join tenants t on t.merchant_id = p.merchant_id and t.mode = s.mode
 where s.token_sha256 = $1
"""


async def find_session(database: Database, token_sha256: bytes) -> Session | None:
    """The session with this token, over or not."""
    row = await database.row(FIND_SESSION, token_sha256)
    if row is None:
        return None
    return Session(
        id=row["session_id"],
        person=Person(**{name: row[name] for name in Person.__struct_fields__}),
        merchant=row["merchant"],
        tenant=Tenant(row["cell"], row["tenant_id"]),
        mode=row["mode"],
        time_zone=row["time_zone"],
        clock_offset_seconds=row["clock_offset_seconds"],
        created_at=row["begun_at"],
        seen_at=row["seen_at"],
        ended_at=row["ended_at"],
    )


SAVE_SEEN = """
update sessions set seen_at = $2 where id = $1 and seen_at < $2::timestamptz - interval '1 minute' returning id
"""


async def save_seen(database: Database, session_id: str, now: datetime) -> None:
    """Somebody is still there; to the minute."""
    await database.rows(SAVE_SEEN, session_id, now)


SAVE_MODE = "update sessions set mode = $2 where id = $1 returning id"


async def save_mode(database: Database, session_id: str, mode: Mode) -> None:
    """Goes on in the other mode."""
    await database.rows(SAVE_MODE, session_id, mode)


SAVE_ENDED = "update sessions set ended_at = $3 where id = $1 and person_id = $2 and ended_at is null returning id"


async def save_ended(database: Database, session_id: str, person_id: str, now: datetime) -> bool:
    """Ends a session of somebody's; whether there was one."""
    return bool(await database.rows(SAVE_ENDED, session_id, person_id, now))


LIST_SESSIONS = """
select s.id, s.address, s.browser, s.created_at, s.seen_at
  from sessions s
 where s.person_id = $1 and s.ended_at is null and s.seen_at > $2 and s.created_at > $3
 order by s.id desc
"""


class OpenSession(Struct, frozen=True):
    """A session as its owner sees it."""

    id: str
    address: str
    browser: str
    created_at: datetime
    seen_at: datetime


async def list_sessions(
    database: Database, person_id: str, seen_after: datetime, begun_after: datetime
) -> list[OpenSession]:
    """Those of somebody that are not over, the last first."""
    return [OpenSession(**row) for row in await database.rows(LIST_SESSIONS, person_id, seen_after, begun_after)]
