"""The statements on idempotency_keys."""

from collections.abc import Sequence
from datetime import datetime

from dues.db.database import Database
from dues.db.transaction import Row
from dues.work.work import Work

FIND_ANSWERS = """
select k.tenant_id, k.key, k.fingerprint, k.method, k.path, k.status, k.body, k.request_id, k.object_id,
       k.created_at, k.expires_at, k.expires_at <= asked.now as expired
  from unnest($1::bigint[], $2::text[], $3::timestamptz[]) as asked(tenant_id, key, now)
  join idempotency_keys k on k.tenant_id = asked.tenant_id and k.key = asked.key
"""


async def find_answers(work: Work, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Row]:
    """What is stored under each (tenant, key), expired or not."""
    if not keys:
        return {}
    rows = await work.tx.find(FIND_ANSWERS, *_by_their_time(work, keys))
    return {(row["tenant_id"], row["key"]): row for row in rows}


INSERT_ANSWERS = """
insert into idempotency_keys (tenant_id, key, fingerprint, method, path, status, body, request_id, object_id,
                              created_at, expires_at)
select * from unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::smallint[], $7::bytea[],
                     $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[])
"""


def insert_answers(work: Work, rows: Sequence[tuple[object, ...]]) -> None:
    """Stores first answers, in the order of the columns."""
    work.tx.write(INSERT_ANSWERS, rows)


DELETE_EXPIRED = """
delete from idempotency_keys k
 using (select tenant_id, key from idempotency_keys
         where expires_at <= $1 order by expires_at limit $2 for update skip locked) as expired
 where k.tenant_id = expired.tenant_id and k.key = expired.key
returning k.key
"""


async def delete_expired(database: Database, now: datetime, limit: int) -> int:
    """Removes at most `limit` expired answers, none of which anybody is using; how many there were.

    By the server's time `now`. A tenant whose test clock is ahead stored later times, so its answers are kept for
    longer than need be, and never for less.
    """
    return len(await database.rows(DELETE_EXPIRED, now, limit))


DELETE_EXPIRED_KEYS = """
delete from idempotency_keys k
 using unnest($1::bigint[], $2::text[], $3::timestamptz[]) as expired(tenant_id, key, now)
 where k.tenant_id = expired.tenant_id and k.key = expired.key and k.expires_at <= expired.now
"""


async def delete_expired_keys(work: Work, keys: Sequence[tuple[int, str]]) -> None:
    """Makes room where an expired key is used anew before the purge came by."""
    await work.tx.lock(DELETE_EXPIRED_KEYS, *_by_their_time(work, keys))


def _by_their_time(work: Work, keys: Sequence[tuple[int, str]]) -> tuple[Sequence[object], ...]:
    """The columns tenant, key, and what time it is for that tenant."""
    return tuple(zip(*((tenant_id, key, work.now_of(tenant_id)) for tenant_id, key in keys), strict=True))
