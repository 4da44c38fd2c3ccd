"""The statements on entries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.adjustments import Adjustment
from dues.domain.balances import PaidSince
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

ENTRIES_MAX: Final = 10_000
"""So many entries are looked at for what was paid since a time: some 20 ms, and more than a balance has in a day."""

ENTRIES_TO_WARN_OF: Final = 1_000
"""So many are looked at to warn of what a PATCH overwrites, which each PATCH of a balance waits for."""


def paid_since(name: str, owner: str, *, at: bool) -> Part:
    """Answers what was paid of the balance of `t`, which `owner` joins by name: since a time, or since it was set."""
    most = ENTRIES_MAX if at else ENTRIES_TO_WARN_OF
    begins = "e.created_at <= asked.at" if at else _SETS_BALANCE
    of_owner = "e.cell = $1 and e.tenant_id = asked.tenant_id and e.owner_id = t.id"
    return Part(
        name=f"paid of {name} since {'a time' if at else 'it was set'}",
        asked={"name": "text", "at": "timestamptz"} if at else {"name": "text"},
        # Backwards, and no further than to the entry that it begins with: what is older is not read.
        source=f"""{owner}
 cross join lateral (
           select (select e.number
                     from (select * from entries e where {of_owner} order by e.number desc limit {most}) as e
                    where {begins}
                    order by e.number desc limit 1) as first,
                  (select e.number from entries e where {of_owner} order by e.number desc limit 1) as last
       ) as seen
 cross join lateral (
           select json_object_agg(paid.currency, paid.amount) as amounts
             from (select e.currency, sum(e.amount) as amount
                     from entries e
                    where {of_owner} and e.payment_id is not null
                      and e.number > coalesce(seen.first, seen.last - {most})
                    group by e.currency) as paid
       ) as paid""",
        value=f"""json_build_object(
    'amounts', coalesce(paid.amounts, '{{}}'::json),
    'is_whole', seen.first is not null or coalesce(seen.last, 0) <= {most})""",
        shape=PaidSince,
    )


_SETS_BALANCE = "(e.kind = 'opening' or e.kind = 'adjustment' and e.reason is null and e.digest is null)"
"""As `sets_balance` of Entry."""


def adjustment_named(name: str, owner: str) -> Part:
    """Answers which adjustment of the balance of `t`, which `owner` joins by name, has a name of its own."""
    return Part(
        name=f"adjustments of {name}",
        asked={"name": "text", "external_reference": "text"},
        source=f"""{owner}
  join entries e
    on e.cell = $1 and e.tenant_id = asked.tenant_id and e.owner_id = t.id
   and e.external_reference = asked.external_reference""",
        value="""json_build_object(
    'id', e.id, 'amount', e.amount, 'currency', e.currency, 'reason', e.reason, 'created_at', e.created_at)""",
        shape=Adjustment,
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
