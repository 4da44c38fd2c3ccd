"""The statements on entries."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.entries import Entry, EntryKind
from dues.domain.payment_rules import PaymentRules
from dues.domain.tenants import Tenant
from dues.work.questions import Part, Question
from dues.work.work import Work

INSERT_ENTRIES = """
insert into entries (cell, tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason,
                     request_id, idempotency_key, payment_id, created_at, hash, actor, external_reference, salt,
                     version)
select $1::integer, *, 2
  from unnest($2::integer[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[],
              $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::bytea[],
              $16::text[], $17::text[], $18::bytea[])
"""
"""Every new entry is of one version, and none is erased: neither is sent for each."""

_INSERTED = Entry.__struct_fields__.index("version")
"""How many members of an entry are sent: those before this one."""


def insert_entries(work: Work, entries: Sequence[Entry]) -> None:
    """Writes entries. One with a number that is taken makes the transaction raise Conflict."""
    work.tx.write(INSERT_ENTRIES, [msgspec.structs.astuple(entry)[:_INSERTED] for entry in entries])


class BalanceThen(Struct, frozen=True):
    """A balance as it was at a time, and the merchant's default rules for its currency."""

    kind: EntryKind
    currency: str
    balance: int
    default_rules: PaymentRules | None


class BalanceAt(Question, frozen=True):
    """What balance an account or a customer had at a time."""

    noun: str
    owner_id: str
    at: datetime

    @property
    def part(self) -> Part:
        return _BALANCE_AT

    @property
    def values(self) -> tuple[object, ...]:
        return self.noun, self.owner_id, self.at


_BALANCE_AT = Part(
    name="balances then",
    asked={"noun": "text", "owner_id": "text", "at": "timestamptz"},
    source=""" cross join lateral (
           select * from entries e
            where e.cell = $1 and e.tenant_id = asked.tenant_id and e.owner_id = asked.owner_id
              and e.created_at <= asked.at
            order by e.number desc limit 1
       ) as e""",
    value="""json_build_object(
    'kind', e.kind, 'currency', e.currency, 'balance', e.balance_after, 'default_rules', (
        select r.payment_rules from default_payment_rules r
         where r.cell = $1 and r.tenant_id = asked.tenant_id and r.kind = asked.noun and r.currency = e.currency))""",
    shape=BalanceThen,
)

LIST_ENTRIES = """
select tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason, request_id, idempotency_key,
       payment_id, created_at, hash, actor, external_reference, salt, version, digest
  from entries
 where cell = $1 and tenant_id = $2 and owner_id = $3 and number < $4
 order by number desc
 limit $5
"""


async def list_entries(
    database: Database, tenant: Tenant, owner_id: str, before: int | None, limit: int
) -> list[Entry]:
    """At most `limit` entries of one owner, newest first, from just before number `before` on."""
    rows = await database.rows(LIST_ENTRIES, *tenant, owner_id, before or 2**62, limit)
    return [entry_of(row) for row in rows]


def entry_of(row: Row) -> Entry:
    """An entry from its row."""
    return Entry(**dict(row))


FIND_UNPROVEN_BALANCES = """
select b.tenant_id, b.id, b.balance, sum(e.amount)::bigint as total
  from (select tenant_id, id, balance from accounts where cell = $1
         union all
        select tenant_id, id, balance from customers where cell = $1) as b
  left join entries e on e.cell = $1 and e.tenant_id = b.tenant_id and e.owner_id = b.id
 where b.balance is not null
 group by b.tenant_id, b.id, b.balance
having b.balance is distinct from sum(e.amount)
"""
"""Balances of the cell $1 that their entries do not add up to. The books are right when there are none."""
