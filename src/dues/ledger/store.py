"""The statements on entries."""

from collections.abc import Sequence

import msgspec

from dues.domain.entries import Entry
from dues.work.work import Work

INSERT_ENTRIES = """
insert into entries (tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason,
                     request_id, idempotency_key, created_at, hash)
select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                     $8::bigint[], $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::bytea[])
"""


def insert_entries(work: Work, entries: Sequence[Entry]) -> None:
    """Writes entries. One with a number that is taken makes the transaction raise Conflict."""
    work.tx.insert(INSERT_ENTRIES, [msgspec.structs.astuple(entry) for entry in entries])


FIND_UNPROVEN_BALANCES = """
select b.tenant_id, b.id, b.balance, sum(e.amount)::bigint as total
  from (select tenant_id, id, balance from accounts union all select tenant_id, id, balance from customers) b
  left join entries e on e.tenant_id = b.tenant_id and e.owner_id = b.id
 where b.balance is not null
 group by b.tenant_id, b.id, b.balance
having b.balance is distinct from sum(e.amount)
"""
"""Balances that their entries do not add up to. The books are right when there are none."""
