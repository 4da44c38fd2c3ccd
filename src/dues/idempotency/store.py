"""The statements on idempotency_keys."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from dues.background import Deleted
from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.work.questions import Part, Question
from dues.work.work import Request, Work


class StoredAnswer(Struct, frozen=True):
    """The first answer that was given under a key: its status and body, and the request that it was given to."""

    fingerprint: bytes
    method: str
    path: str
    status: int
    body: bytes
    request_id: str
    object_id: str | None
    created_at: datetime
    expires_at: datetime
    warning: str | None = None


class StoredUnder(Question, frozen=True):
    """What is stored under an idempotency key, expired or not."""

    key: str

    @property
    def part(self) -> Part:
        return _STORED_UNDER

    @property
    def values(self) -> tuple[object, ...]:
        return (self.key,)


_STORED_UNDER = Part(
    name="answers",
    asked={"key": "text"},
    source="  join idempotency_keys k on k.cell = $1 and k.tenant_id = asked.tenant_id and k.key = asked.key",
    value="""json_build_object(
    'fingerprint', encode(k.fingerprint, 'base64'), 'method', k.method, 'path', k.path, 'status', k.status,
    'body', translate(encode(k.body, 'base64'), E'\\n', ''), 'request_id', k.request_id, 'object_id', k.object_id,
    'created_at', k.created_at, 'expires_at', k.expires_at, 'warning', k.warning)""",
    shape=StoredAnswer,
)

INSERT_ANSWERS = """
insert into idempotency_keys (cell, tenant_id, key, fingerprint, method, path, status, body, request_id, object_id,
                              created_at, expires_at, warning)
select $1::integer, *
  from unnest($2::integer[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::smallint[], $8::bytea[],
              $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::text[])
"""

Answered = tuple[Request[object], StoredAnswer]


def insert_answers(work: Work, answered: Sequence[Answered]) -> None:
    """Stores first answers. Two for one key make the transaction raise Conflict."""
    # In one order everywhere, so that two groups with the same keys do not wait for each other in a circle.
    rows = [
        (
            request.tenant.id,
            request.idempotency_key,
            one.fingerprint,
            one.method,
            one.path,
            one.status,
            one.body,
            one.request_id,
            one.object_id,
            one.created_at,
            one.expires_at,
            one.warning,
        )
        for request, one in answered
    ]
    work.tx.write(INSERT_ANSWERS, sorted(rows, key=lambda row: row[:2]))


DELETE_EXPIRED = """
with expired as materialized (
    select ctid
      from idempotency_keys
     where cell = $1 and expires_at <= $2 and expires_at >= $3
     order by expires_at
     limit $4
       for update skip locked
)
delete from idempotency_keys k
 using expired
 where k.cell = $1 and k.ctid = expired.ctid
returning k.expires_at
"""


async def delete_expired(database: Database, cell: int, now: datetime, since: datetime, limit: int) -> Deleted:
    """Removes at most `limit` answers that expired from `since` to `now`, the oldest first, none of which anybody is
    using.

    By the server's time `now`. A tenant whose test clock is ahead stored later times, so its answers are kept for
    longer than need be, and never for less.
    """
    rows = await database.rows(DELETE_EXPIRED, cell, now, since, limit)
    last = max((row["expires_at"] for row in rows), default=since)
    return Deleted(len(rows), last, last)


DELETE_EXPIRED_KEYS = """
delete from idempotency_keys k
 using unnest($2::integer[], $3::text[], $4::timestamptz[]) as expired(tenant_id, key, now)
 where k.cell = $1 and k.tenant_id = expired.tenant_id and k.key = expired.key and k.expires_at <= expired.now
"""


async def delete_expired_keys(work: Work, keys: Sequence[tuple[Tenant, str]]) -> None:
    """Makes room where an expired key is used anew before the purge came by."""
    rows = sorted((tenant.id, key, work.now_of(tenant)) for tenant, key in keys)
    await work.tx.lock(DELETE_EXPIRED_KEYS, work.tx.cell, *zip(*rows, strict=True))
