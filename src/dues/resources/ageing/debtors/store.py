"""The statements on customers who owe something, or have credit."""

from collections.abc import AsyncIterator
from typing import Final

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.tenants import Tenant
from dues.resources.ageing.instants import Asked, Find, Order, Part
from dues.resources.ageing.store import AGED_ON, BALANCE, InOrder, first_of, lines_now, lines_then

# Amounts of bills are added up before balances come to them: that goes by the order of an index.


_PARTS: Final[dict[Order, tuple[str, str, str]]] = {
    "-amount": ("sum(b.amount_due - b.amount_paid - b.amount_credited)", "greatest(balance, 0)", "0"),
    "due_date": (f"min({AGED_ON})", "null::date", "null"),
}
"""By order: what bills, a balance and whatever else somebody has add to where they stand. Nothing else is reckoned for
all of them."""


def _debtors_now(order: Order) -> str:
    by = InOrder(order, first_of(then=False), owed="sum(g.part)", aged_on="min(g.part)")
    of_bills, of_balance, of_others = _PARTS[order]
    return f"""
with debtors as (
    select d.place, d.id
      from (select g.customer_id as id, {by.place} as place
              from (select b.customer_id, {of_bills} as part
                      from bills b
                     where b.cell = $1 and b.tenant_id = $2 and b.status = 'unpaid' and b.currency = $4
                     group by b.customer_id
                     union all
                    select b.customer_id, {of_others}
                      from bills b
                     where b.cell = $1 and b.tenant_id = $2 and b.amount_paid + b.amount_credited > b.amount_due
                       and b.status = 'paid' and b.currency = $4
                     union all
                    select c.id, {of_balance}
                      from customers c
                     where c.cell = $1 and c.tenant_id = $2 and c.balance <> 0 and c.currency = $4
                     union all
                    select a.customer_id, {of_balance}
                      from accounts a
                     where a.cell = $1 and a.tenant_id = $2 and a.balance <> 0 and a.currency = $4
                     union all
                    select p.customer_id, {of_others}
                      from payments p
                     where p.cell = $1 and p.tenant_id = $2 and p.amount_unapplied > 0 and p.currency = $4) as g
             group by g.customer_id) as d
     where {by.later}
     {by.order} {by.limit}
)
select d.place::text as place, d.id, c.external_reference as reference, c.name, l.slot, l.undated, l.count, l.amount,
       l.aged_on, $4::text as currency
  from debtors d
  join customers c on c.cell = $1 and c.tenant_id = $2 and c.id = d.id
 cross join lateral (
           select m.slot, m.undated, count(*) as count, sum(m.amount) as amount, min(m.aged_on) as aged_on
             from ({lines_now("and {}.customer_id = d.id")}) as m
            group by m.slot, m.undated
       ) as l
 {by.order}, l.slot, l.undated
"""


def _debtors_then(order: Order) -> str:
    owed = f"coalesce(sum(l.amount) filter (where l.slot >= {BALANCE}), 0)"
    by = InOrder(order, first_of(then=True), owed=owed, aged_on="min(l.aged_on)")
    return f"""
{lines_then()}, debtors as (
    select d.place, d.id
      from (select l.customer_id as id, {by.place} as place
              from lines l
             where l.currency = $4
             group by l.customer_id) as d
     where {by.later}
     {by.order} {by.limit}
)
select d.place::text as place, d.id, c.external_reference as reference, c.name, l.slot, l.undated, l.count, l.amount,
       l.aged_on, $4::text as currency
  from debtors d
  join customers c on c.cell = $1 and c.tenant_id = $2 and c.id = d.id
  join (select m.customer_id, m.slot, m.undated, count(*) as count, sum(m.amount) as amount,
               min(m.aged_on) as aged_on
          from lines m
         group by m.customer_id, m.slot, m.undated) as l on l.customer_id = d.id
 {by.order}, l.slot, l.undated
"""


LIST_DEBTORS_BY_AMOUNT_NOW: Final = _debtors_now("-amount")
LIST_DEBTORS_BY_DUE_DATE_NOW: Final = _debtors_now("due_date")
LIST_DEBTORS_BY_AMOUNT_THEN: Final = _debtors_then("-amount")
LIST_DEBTORS_BY_DUE_DATE_THEN: Final = _debtors_then("due_date")

_STATEMENTS: Final[dict[tuple[Order, bool], str]] = {
    ("-amount", False): LIST_DEBTORS_BY_AMOUNT_NOW,
    ("due_date", False): LIST_DEBTORS_BY_DUE_DATE_NOW,
    ("-amount", True): LIST_DEBTORS_BY_AMOUNT_THEN,
    ("due_date", True): LIST_DEBTORS_BY_DUE_DATE_THEN,
}


async def list_debtors(find: Find, tenant: Tenant, asked: Asked, part: Part) -> list[Row]:
    """Customers in order, each of which has a row for each slot and whether its bills have no due date. In one
    currency."""
    statement = _STATEMENTS[part.order, asked.moment is not None]
    return await find(statement, *tenant, *asked.values, *part.values)


def stream_debtors(snapshot: Database, tenant: Tenant, asked: Asked, part: Part) -> AsyncIterator[Row]:
    """The same, all of them."""
    statement = _STATEMENTS[part.order, asked.moment is not None]
    return snapshot.stream(statement, *tenant, *asked.values, *part.values)
