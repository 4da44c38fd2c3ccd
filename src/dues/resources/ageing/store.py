"""The statements on what is owed and for how long, now or at an earlier moment.

All are made of lines: an open bill each, a balance, a credit, held money. What was at an earlier moment is what is now
without the entries since then, of which each ledger says what they changed.
"""

from typing import Final

from dues.db.transaction import Row
from dues.domain.tenants import Tenant
from dues.resources.ageing.instants import Asked, Find, Order

BALANCE: Final = -1
CREDIT: Final = -2
HELD: Final = -3
"""Slots of what has no age. Those of open bills are the numbers of their buckets, from 0."""

AGED_ON: Final = "coalesce(b.due_on, b.bill_on)"
"""From which day a bill's age is counted. There is an index of it, of unpaid bills."""

SLOT: Final = f"width_bucket($3::date - {AGED_ON}, $5::integer[])"


def _of_currency(alias: str) -> str:
    return f"($4::text is null or {alias}.currency = $4)"


def lines_now(more: str = "") -> str:
    """Lines of now. `more`: what else a row with a customer_id must be."""
    return f"""
select b.customer_id, b.currency, {SLOT} as slot, b.due_on is null as undated, {AGED_ON} as aged_on,
       b.amount_due - b.amount_paid - b.amount_credited as amount
  from bills b
 where b.cell = $1 and b.tenant_id = $2 and b.status = 'unpaid' and {_of_currency("b")} {more.format("b")}
 union all
select b.customer_id, b.currency, {CREDIT}, false, null, b.amount_paid + b.amount_credited - b.amount_due
  from bills b
 where b.cell = $1 and b.tenant_id = $2 and b.amount_paid + b.amount_credited > b.amount_due
   and b.status = 'paid' and {_of_currency("b")} {more.format("b")}
 union all
select c.id, c.currency, case when c.balance > 0 then {BALANCE} else {CREDIT} end, false, null, abs(c.balance)
  from customers c
 where c.cell = $1 and c.tenant_id = $2 and c.balance <> 0 and {_of_currency("c")}
       {more.format("c").replace("c.customer_id", "c.id")}
 union all
select a.customer_id, a.currency, case when a.balance > 0 then {BALANCE} else {CREDIT} end, false, null,
       abs(a.balance)
  from accounts a
 where a.cell = $1 and a.tenant_id = $2 and a.balance <> 0 and {_of_currency("a")} {more.format("a")}
 union all
select p.customer_id, p.currency, {HELD}, false, null, p.amount_unapplied
  from payments p
 where p.cell = $1 and p.tenant_id = $2 and p.amount_unapplied > 0 and {_of_currency("p")} {more.format("p")}
"""


SINCE: Final = """
since as materialized (
    select e.owner_id, e.currency, sum(e.amount) as amount
      from entries e
     where e.cell = $1 and e.tenant_id = $2 and e.created_at >= $6
     group by e.owner_id, e.currency
)"""
"""What the entries since a moment come to, by ledger. It looks through all entries of the tenant."""

BILLS_THEN: Final = """
bills_then as (
    select b.id, b.customer_id, b.currency, b.due_on, b.bill_on,
           b.amount_due - b.amount_paid - b.amount_credited + coalesce(s.amount, 0) as open
      from bills b
      left join since s on s.owner_id = b.id
     where b.cell = $1 and b.tenant_id = $2 and b.id < $7 and b.status = 'unpaid'
     union all
    select b.id, b.customer_id, b.currency, b.due_on, b.bill_on,
           b.amount_due - b.amount_paid - b.amount_credited + s.amount
      from since s
      join bills b on b.cell = $1 and b.tenant_id = $2 and b.id = s.owner_id
     where b.id < $7 and b.status = 'paid'
     union all
    select b.id, b.customer_id, b.currency, b.due_on, b.bill_on,
           b.amount_due - b.amount_paid - b.amount_credited + coalesce(s.amount, 0)
      from bills b
      left join since s on s.owner_id = b.id
     where b.cell = $1 and b.tenant_id = $2 and b.id < $7 and b.status = 'voided' and b.voided_at >= $6
     union all
    select b.id, b.customer_id, b.currency, b.due_on, b.bill_on,
           b.amount_due - b.amount_paid - b.amount_credited
      from bills b
     where b.cell = $1 and b.tenant_id = $2 and b.id < $7 and b.status = 'paid'
       and b.amount_paid + b.amount_credited > b.amount_due
       and not exists (select from since s where s.owner_id = b.id)
)"""
"""The bills of then that something remained of, or was paid too much of, and some that were paid."""


def _then() -> str:
    """Lines of an earlier moment."""
    return f"""
select b.customer_id, b.currency, case when b.open > 0 then {SLOT} else {CREDIT} end as slot,
       b.open > 0 and b.due_on is null as undated, case when b.open > 0 then {AGED_ON} end as aged_on,
       abs(b.open) as amount
  from bills_then b
 where b.open <> 0 and {_of_currency("b")}
 union all
select o.customer_id, o.currency, case when o.balance > 0 then {BALANCE} else {CREDIT} end, false, null,
       abs(o.balance)
  from (select m.customer_id, m.id, m.currency, sum(m.balance) as balance
          from (select c.id as customer_id, c.id, c.currency, c.balance
                  from customers c
                 where c.cell = $1 and c.tenant_id = $2 and c.balance <> 0
                 union all
                select a.customer_id, a.id, a.currency, a.balance
                  from accounts a
                 where a.cell = $1 and a.tenant_id = $2 and a.balance <> 0
                 union all
                select s.owner_id, s.owner_id, s.currency, -s.amount
                  from since s
                 where starts_with(s.owner_id, 'bcus_')
                 union all
                select a.customer_id, a.id, s.currency, -s.amount
                  from since s
                  join accounts a on a.cell = $1 and a.tenant_id = $2 and a.id = s.owner_id) as m
         group by m.customer_id, m.id, m.currency) as o
 where o.balance <> 0 and {_of_currency("o")}
 union all
select h.customer_id, h.currency, {HELD}, false, null, h.amount
  from (select p.customer_id, p.currency, p.amount_unapplied - coalesce(s.amount, 0) as amount
          from payments p
          left join since s on s.owner_id = p.id
         where p.cell = $1 and p.tenant_id = $2 and p.amount_unapplied > 0
         union all
        select p.customer_id, p.currency, -s.amount
          from since s
          join payments p on p.cell = $1 and p.tenant_id = $2 and p.id = s.owner_id
         where p.amount_unapplied = 0) as h
 where h.amount > 0 and {_of_currency("h")}
"""


def lines_then() -> str:
    """The beginning of a statement on `lines` of an earlier moment: $6, before which bills have ids below $7."""
    return f"with {SINCE}, {BILLS_THEN}, lines as ({_then()})"


def _totals() -> str:
    return """
select l.currency, l.slot, l.undated, count(*) as count, sum(l.amount) as amount
  from lines l
 group by l.currency, l.slot, l.undated
 order by l.currency, l.slot, l.undated
"""


FIND_TOTALS_NOW: Final = f"with lines as ({lines_now()}) {_totals()}"
FIND_TOTALS_THEN: Final = f"{lines_then()} {_totals()}"


async def find_totals(find: Find, tenant: Tenant, asked: Asked) -> list[Row]:
    """By currency, slot and whether bills have no due date: how many lines, and what they come to."""
    statement = FIND_TOTALS_NOW if asked.moment is None else FIND_TOTALS_THEN
    return await find(statement, *tenant, *asked.values)


def _next_currency(table: str) -> str:
    return f"""
{table}_in as (
    select (select min(t.currency) from {table} t where t.cell = $1 and t.tenant_id = $2) as currency
     union all
    select (select min(t.currency)
              from {table} t
             where t.cell = $1 and t.tenant_id = $2 and t.currency > i.currency)
      from {table}_in i
     where i.currency is not null
)"""


_TABLES: Final = ("bills", "customers", "accounts", "payments")

LIST_CURRENCIES: Final = f"""
with recursive {",".join(map(_next_currency, _TABLES))}
{" union ".join(f"select currency from {table}_in where currency is not null" for table in _TABLES)}
 order by currency
"""


async def list_currencies(find: Find, tenant: Tenant) -> list[str]:
    """In which anything is, or ever was."""
    return [row["currency"] for row in await find(LIST_CURRENCIES, *tenant)]


ALLOW_HASHES: Final = """
select set_config('enable_hashjoin', 'on', true), set_config('enable_bitmapscan', 'off', true)
"""


async def allow_hashes(find: Find) -> None:
    """For what joins all entries since a moment: sessions of a server go by keys otherwise, one at a time."""
    await find(ALLOW_HASHES)


# What lists of it have in common ----------------------------------------------------------------------------------

_PLACES: Final[dict[Order, tuple[str, str, str]]] = {
    "-amount": ("{owed}", "d.place < {after}::text::numeric", "desc"),
    "due_date": ("coalesce({aged_on}, 'infinity')", "d.place > {after}::text::date", "asc"),
}
"""By order: what a row's place is, when it comes after another, and which way they go."""


class InOrder:
    """The fragments of a statement that gives rows in an order, each with a `place` and an `id`. `first` is the number
    of its first parameter of three: how many, and the place and the id of the row before them; null where there is
    none."""

    def __init__(self, order: Order, first: int, owed: str, aged_on: str) -> None:
        place, comes_after, way = _PLACES[order]
        after, after_id = f"${first + 1}", f"${first + 2}"
        later = comes_after.format(after=after)
        same = later.replace(" < ", " = ").replace(" > ", " = ")
        self.place = place.format(owed=owed, aged_on=aged_on)
        self.later = f"({after}::text is null or {later} or {same} and d.id > {after_id}::text)"
        self.order = f"order by d.place {way}, d.id"
        self.limit = f"limit ${first}::integer"


def first_of(*, then: bool) -> int:
    """The number of the first parameter that a statement on lines leaves free."""
    return 8 if then else 6


FIND_MERCHANT_NAME: Final = """
select m.name from tenants t join merchants m on m.id = t.merchant_id where t.cell = $1 and t.id = $2
"""


async def find_merchant_name(find: Find, tenant: Tenant) -> str:
    """Whose page it is."""
    [row] = await find(FIND_MERCHANT_NAME, *tenant)
    return str(row["name"])
