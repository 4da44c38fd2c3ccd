"""The statements on what one customer or account owed at two instants, and on what happened between."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct, structs

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.statements.figures import Position
from dues.domain.tenants import Tenant
from dues.resources.journal.store import VARIETY

Find = Callable[..., Awaitable[Sequence[Row]]]
"""Runs a statement: of a transaction, or of a snapshot."""

# Whose: each of these is part of the others. ----------------------------------------------------------------------

_BALANCES: Final = {
    "customer": """select $3::text as id
                 union all
                select a.id from accounts a where a.cell = $1 and a.tenant_id = $2 and a.customer_id = $3""",
    "account": "select $3::text as id",
}
"""What has a balance: an account; a customer and all its accounts."""


def _last(owner_id: str) -> str:
    """Where a ledger stood at $4. Its numbers rise with time."""
    return f"""select e.currency, e.balance_after
                     from entries e
                    where e.cell = $1 and e.tenant_id = $2 and e.owner_id = {owner_id} and e.created_at < $4
                    order by e.number desc
                    limit 1"""


VOIDED_AT: Final = """greatest(coalesce(b.voided_at, b.created_at), (
                           select max(x.created_at) from entries x
                            where x.cell = $1 and x.tenant_id = $2 and x.owner_id = b.id
                       ))"""
"""When a bill was voided: after the last entry of its ledger, whatever clocks said, or where nobody knows any more."""


def _bills_then(owner: str) -> str:
    """Bills that there were at $4, and what remained of each; below nothing: so much too much was paid."""
    return f"""
        select b.id, b.external_reference, b.currency, b.amount_due, b.bill_on, b.due_on,
               b.amount_due - coalesce(s.balance_after, 0) as remaining
          from bills b
          left join lateral ({_last("b.id")}) s on true
         where b.cell = $1 and b.tenant_id = $2 and b.{owner}_id = $3 and b.created_at < $4
           and not (b.status = 'voided' and {VOIDED_AT} < $4)"""


def _position(owner: str) -> str:
    return f"""
select f.currency, sum(f.balances_owed) as balances_owed, sum(f.balances_in_credit) as balances_in_credit,
       sum(f.open_bills) as open_bills, sum(f.overpaid_bills) as overpaid_bills, sum(f.held) as held
  from (select s.currency, greatest(s.balance_after, 0) as balances_owed, greatest(-s.balance_after, 0)
                   as balances_in_credit, 0 as open_bills, 0 as overpaid_bills, 0 as held
          from ({_BALANCES[owner]}) o
         cross join lateral ({_last("o.id")}) s
         union all
        select t.currency, 0, 0, greatest(t.remaining, 0), greatest(-t.remaining, 0), 0
          from ({_bills_then(owner)}) t
         union all
        select s.currency, 0, 0, 0, 0, s.balance_after
          from payments p
         cross join lateral ({_last("p.id")}) s
         where p.cell = $1 and p.tenant_id = $2 and p.{owner}_id = $3 and p.created_at < $4
       ) as f
 group by f.currency
"""


def _open_bills(owner: str) -> str:
    return f"""
select t.*
  from ({_bills_then(owner)}) t
 where t.remaining > 0
 order by t.currency, coalesce(t.due_on, t.bill_on), t.id
"""


def _movements(owner: str) -> str:
    return f"""
select m.*
  from (select e.currency, w.at, 1 as rank, e.owner_id, e.number, e.id, e.kind, e.amount, e.reason,
               coalesce(b.external_reference, a.external_reference, c.external_reference) as reference,
               p.external_reference as payment, p.method, e.created_at = p.created_at as is_first,
               case when e.created_at = p.created_at then p.paid_at end as paid_at, null::date as bill_on,
               null::date as due_on, {VARIETY} as variety
          from ({_BALANCES[owner]}
                 union all
                select b.id from bills b where b.cell = $1 and b.tenant_id = $2 and b.{owner}_id = $3
                 union all
                select p.id from payments p where p.cell = $1 and p.tenant_id = $2 and p.{owner}_id = $3
               ) as o
          join entries e on e.cell = $1 and e.tenant_id = $2 and e.owner_id = o.id
          left join bills b on b.cell = $1 and b.tenant_id = $2 and b.id = e.owner_id
          left join accounts a on a.cell = $1 and a.tenant_id = $2 and a.id = e.owner_id
          left join customers c on c.cell = $1 and c.tenant_id = $2 and c.id = e.owner_id
          left join payments p on p.cell = $1 and p.tenant_id = $2 and p.id = e.payment_id
         cross join lateral (
                   -- Nothing moves before it is there, whatever the clocks of two servers say.
                   select greatest(e.created_at, b.created_at, case p.id when e.owner_id then p.created_at end) as at
               ) as w
         where e.created_at < $5 and w.at >= $4 and w.at < $5 and e.amount <> 0
         union all
        select b.currency, b.created_at, 0, b.id, 0, b.id, 'made', b.amount_due, null, b.external_reference, null, null,
               false, null, b.bill_on, b.due_on, null
          from bills b
         where b.cell = $1 and b.tenant_id = $2 and b.{owner}_id = $3 and b.created_at >= $4 and b.created_at < $5
         union all
        select b.currency, {VOIDED_AT}, 2, b.id, 0, b.id, 'voided', b.amount_due - b.amount_credited, null,
               b.external_reference, null, null, false, null, null, null, null
          from bills b
         where b.cell = $1 and b.tenant_id = $2 and b.{owner}_id = $3 and b.status = 'voided'
           and b.amount_credited < b.amount_due and {VOIDED_AT} >= $4 and {VOIDED_AT} < $5
       ) as m
 order by m.currency, m.at, m.rank, m.owner_id, m.number
"""


FIND_POSITIONS_OF_CUSTOMER: Final = _position("customer")
FIND_POSITIONS_OF_ACCOUNT: Final = _position("account")
LIST_OPEN_BILLS_OF_CUSTOMER: Final = _open_bills("customer")
LIST_OPEN_BILLS_OF_ACCOUNT: Final = _open_bills("account")
LIST_MOVEMENTS_OF_CUSTOMER: Final = _movements("customer")
LIST_MOVEMENTS_OF_ACCOUNT: Final = _movements("account")

FIND_MERCHANT: Final = """
select m.name from tenants t join merchants m on m.id = t.merchant_id where t.cell = $1 and t.id = $2
"""

FIND_OWNER_CUSTOMER: Final = """
select c.id, c.external_reference, c.name, c.currency,
       null as account_id, null as account_reference, null as account_name
  from customers c
 where c.cell = $1 and c.tenant_id = $2 and c.id = $3
"""

FIND_OWNER_ACCOUNT: Final = """
select c.id, c.external_reference, c.name, a.currency,
       a.id as account_id, a.external_reference as account_reference, a.name as account_name
  from accounts a
  join customers c on c.cell = $1 and c.tenant_id = $2 and c.id = a.customer_id
 where a.cell = $1 and a.tenant_id = $2 and a.id = $3
"""

Noun = Literal["customer", "account"]
"""Who has statements."""

_STATEMENTS: Final[Mapping[Noun, tuple[str, str, str, str]]] = {
    "customer": (
        FIND_OWNER_CUSTOMER,
        FIND_POSITIONS_OF_CUSTOMER,
        LIST_OPEN_BILLS_OF_CUSTOMER,
        LIST_MOVEMENTS_OF_CUSTOMER,
    ),
    "account": (
        FIND_OWNER_ACCOUNT,
        FIND_POSITIONS_OF_ACCOUNT,
        LIST_OPEN_BILLS_OF_ACCOUNT,
        LIST_MOVEMENTS_OF_ACCOUNT,
    ),
}


class Owned(Struct, frozen=True):
    """Whose statement it is."""

    noun: Noun
    tenant: Tenant
    id: str

    @property
    def _args(self) -> tuple[object, ...]:
        return (*self.tenant, self.id)

    async def find_names(self, find: Find) -> tuple[str, Row]:
        """The merchant's name; and what its owner is called: id, external_reference, name, currency, and the same of
        an account."""
        [merchant] = await find(FIND_MERCHANT, *self.tenant)
        [owner] = await find(_STATEMENTS[self.noun][0], *self._args)
        return merchant["name"], owner

    async def find_positions(self, find: Find, at: datetime) -> dict[str, Position]:
        """What was owed just before `at`, by currency. From where ledgers stood, not from what moved."""
        rows = await find(_STATEMENTS[self.noun][1], *self._args, at)
        return {row["currency"]: Position(**{name: int(row[name]) for name in _FIGURES}) for row in rows}

    async def list_open_bills(self, find: Find, at: datetime, most: int) -> Sequence[Row]:
        """Bills of which something remained just before `at`, by currency, what was due first first: `most` of them."""
        return await find(f"{_STATEMENTS[self.noun][2]} limit $5", *self._args, at, most)

    async def list_movements(self, find: Find, begins: datetime, ends: datetime, most: int) -> Sequence[Row]:
        """What moved from `begins` until before `ends`, by currency and time, the first `most` of it."""
        return await find(f"{_STATEMENTS[self.noun][3]} limit $6", *self._args, begins, ends, most)

    async def stream_movements(self, snapshot: Database, begins: datetime, ends: datetime) -> AsyncIterator[Row]:
        """All of it. `snapshot` is one."""
        async for row in snapshot.stream(_STATEMENTS[self.noun][3], *self._args, begins, ends):
            yield row


_FIGURES: Final = tuple(field.name for field in structs.fields(Position))
