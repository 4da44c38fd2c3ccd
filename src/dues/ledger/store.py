"""The statements on entries."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

import msgspec

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.entries import Entry, Head
from dues.work.work import Work

INSERT_ENTRIES = """
insert into entries (tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason,
                     request_id, idempotency_key, payment_id, created_at, hash)
select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                     $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[],
                     $14::bytea[])
"""


def insert_entries(work: Work, entries: Sequence[Entry]) -> None:
    """Writes entries. One with a number that is taken makes the transaction raise Conflict."""
    work.tx.write(INSERT_ENTRIES, [msgspec.structs.astuple(entry) for entry in entries])


@cache
def with_heads(find: str) -> str:
    """The statement `find`, whose rows have tenant_id and id, with the end of each one's chain of entries beside it.

    Use it in a statement of its own after they are locked: one that waited for a lock still sees the entries of
    before it waited.
    """
    return f"""
select found.*, head.number as head_number, head.hash as head_hash, head.balance_after as head_balance,
       head.created_at as head_created_at
  from ({find}) as found
  left join lateral (
           select * from entries e
            where e.tenant_id = found.tenant_id and e.owner_id = found.id
            order by e.number desc limit 1
       ) as head on true
"""


def head_of(row: Row) -> Head:
    """The end of a chain from a row of `with_heads`; the beginning, where there are no entries."""
    if row["head_number"] is None:
        return Head()
    return Head(row["head_number"], row["head_hash"], row["head_balance"], row["head_created_at"])


FIND_BALANCES_AT = """
select asked.position, e.kind, e.currency, e.balance_after
  from unnest($1::bigint[], $2::text[], $3::timestamptz[]) with ordinality as asked(tenant_id, owner_id, at, position)
  join lateral (
           select * from entries e
            where e.tenant_id = asked.tenant_id and e.owner_id = asked.owner_id and e.created_at <= asked.at
            order by e.number desc limit 1
       ) as e on true
"""


async def find_balances_at(
    work: Work, asked: Sequence[tuple[int, str, datetime]]
) -> list[tuple[str | None, int | None]]:
    """(currency, balance) of each (tenant, owner) at a time, in order; (None, None) where none was tracked then."""
    found: list[tuple[str | None, int | None]] = [(None, None)] * len(asked)
    if asked:
        for row in await work.tx.find(FIND_BALANCES_AT, *zip(*asked, strict=True)):
            if row["kind"] != "closing":
                found[row["position"] - 1] = row["currency"], row["balance_after"]
    return found


LIST_ENTRIES = """
select tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason, request_id, idempotency_key,
       payment_id, created_at, hash
  from entries
 where tenant_id = $1 and owner_id = $2 and number < $3
 order by number desc
 limit $4
"""


async def list_entries(
    database: Database, tenant_id: int, owner_id: str, before: int | None, limit: int
) -> list[Entry]:
    """At most `limit` entries of one owner, newest first, from just before number `before` on."""
    rows = await database.rows(LIST_ENTRIES, tenant_id, owner_id, before or 2**62, limit)
    return [entry_of(row) for row in rows]


def entry_of(row: Row) -> Entry:
    """An entry from its row."""
    return Entry(**dict(row))


FIND_UNPROVEN_BALANCES = """
select b.tenant_id, b.id, b.balance, sum(e.amount)::bigint as total
  from (select tenant_id, id, balance from accounts union all select tenant_id, id, balance from customers) b
  left join entries e on e.tenant_id = b.tenant_id and e.owner_id = b.id
 where b.balance is not null
 group by b.tenant_id, b.id, b.balance
having b.balance is distinct from sum(e.amount)
"""
"""Balances that their entries do not add up to. The books are right when there are none."""
