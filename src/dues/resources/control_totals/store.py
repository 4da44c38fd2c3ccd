"""The statements on what all that a tenant has came to at an instant, and on what moved between two of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct, structs

from dues.domain.journal.movements import Ledger
from dues.domain.statements.figures import Position
from dues.domain.tenants import Tenant
from dues.resources.ageing.instants import Find
from dues.resources.journal.store import VARIETY
from dues.resources.statements.store import VOIDED_AT

FIND_POSITIONS: Final = f"""
with stood as materialized (
    -- Where each ledger stood then. Its numbers rise with time.
    select distinct on (e.owner_id) e.owner_id, e.currency, e.balance_after
      from entries e
     where e.cell = $1 and e.tenant_id = $2 and e.created_at < $3
     order by e.owner_id, e.number desc
)
select f.currency, sum(f.balances_owed) as balances_owed, sum(f.balances_in_credit) as balances_in_credit,
       sum(f.open_bills) as open_bills, sum(f.overpaid_bills) as overpaid_bills, sum(f.held) as held
  from (select s.currency, greatest(s.balance_after, 0) as balances_owed, greatest(-s.balance_after, 0)
                   as balances_in_credit, 0 as open_bills, 0 as overpaid_bills, 0 as held
          from stood s
         where starts_with(s.owner_id, 'bcus_') or starts_with(s.owner_id, 'bacc_')
         union all
        select b.currency, 0, 0, greatest(r.remaining, 0), greatest(-r.remaining, 0), 0
          from bills b
          left join stood s on s.owner_id = b.id
         cross join lateral (select b.amount_due - coalesce(s.balance_after, 0) as remaining) r
         where b.cell = $1 and b.tenant_id = $2 and b.created_at < $3
           and not (b.status = 'voided' and {VOIDED_AT} < $3)
         union all
        select s.currency, 0, 0, 0, 0, s.balance_after
          from payments p
          join stood s on s.owner_id = p.id
         where p.cell = $1 and p.tenant_id = $2 and p.created_at < $3
       ) as f
 group by f.currency
"""

LIST_MOVED: Final = f"""
select m.currency, m.ledger, m.kind, m.variety, count(*) as count, sum(m.amount) as amount
  from (select e.currency, case e.owner_id when b.id then 'bill' when p.id then 'payment' else 'balance' end as ledger,
               e.kind, e.amount,
               case when e.owner_id = p.id and e.kind = 'hold' and not (e.number = 1 and e.created_at = p.created_at)
                    then 'again'
                    else {VARIETY}
               end as variety
          from entries e
          left join bills b on b.cell = $1 and b.tenant_id = $2 and b.id = e.owner_id
          left join payments p on p.cell = $1 and p.tenant_id = $2 and p.id = e.payment_id
         cross join lateral (
                   -- Nothing moves before it is there, whatever the clocks of two servers say.
                   select greatest(e.created_at, b.created_at, case p.id when e.owner_id then p.created_at end) as at
               ) as w
         where e.cell = $1 and e.tenant_id = $2 and e.created_at < $4 and w.at >= $3 and w.at < $4 and e.amount <> 0
         union all
        select b.currency, 'bill', 'made', b.amount_due, null
          from bills b
         where b.cell = $1 and b.tenant_id = $2 and b.created_at >= $3 and b.created_at < $4
         union all
        select b.currency, 'bill', 'voided', b.amount_due - b.amount_credited, null
          from bills b
         where b.cell = $1 and b.tenant_id = $2 and b.status = 'voided' and b.amount_credited < b.amount_due
           and {VOIDED_AT} >= $3 and {VOIDED_AT} < $4
       ) as m
 group by m.currency, m.ledger, m.kind, m.variety
"""
"""It looks through all entries of the tenant, as a journal does."""


class Moved(Struct, frozen=True):
    """All movements of a kind in a currency: how many, and what they come to as they are stored."""

    currency: str
    ledger: Ledger
    kind: str
    variety: str
    count: int
    amount: int


async def find_positions(find: Find, tenant: Tenant, at: datetime) -> Mapping[str, Position]:
    """What was owed just before `at`, by currency. From where ledgers stood, not from what moved."""
    rows = await find(FIND_POSITIONS, *tenant, at)
    return {row["currency"]: Position(**{name: int(row[name]) for name in _FIGURES}) for row in rows}


async def list_moved(find: Find, tenant: Tenant, begins: datetime, ends: datetime) -> Sequence[Moved]:
    """What moved from `begins` until before `ends`, in no order."""
    return [
        Moved(row["currency"], row["ledger"], row["kind"], row["variety"] or "", row["count"], int(row["amount"]))
        for row in await find(LIST_MOVED, *tenant, begins, ends)
    ]


_FIGURES: Final = tuple(field.name for field in structs.fields(Position))
