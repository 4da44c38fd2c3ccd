"""The statements on open bills with their ages."""

from collections.abc import AsyncIterator
from typing import Final

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.tenants import Tenant
from dues.resources.ageing.instants import Asked, Find, Order, Part
from dues.resources.ageing.store import AGED_ON, BILLS_THEN, SINCE, SLOT, InOrder, first_of


def _shown() -> str:
    return f"""
select d.place::text as place, d.id, b.external_reference as bill, b.account_id, b.due_on, b.bill_on, d.amount,
       {SLOT} as slot, c.id as customer_id, c.external_reference as reference, c.name, $4::text as currency
  from open_bills d
  join bills b on b.cell = $1 and b.tenant_id = $2 and b.id = d.id
  join customers c on c.cell = $1 and c.tenant_id = $2 and c.id = b.customer_id
"""


def _bills_now(order: Order) -> str:
    amount = "b.amount_due - b.amount_paid - b.amount_credited"
    by = InOrder(order, first_of(then=False), owed=amount, aged_on=AGED_ON)
    return f"""
with open_bills as (
    select d.place, d.id, d.amount
      from (select b.id, {amount} as amount, {by.place} as place
              from bills b
             where b.cell = $1 and b.tenant_id = $2 and b.status = 'unpaid' and b.currency = $4) as d
     where {by.later}
     {by.order} {by.limit}
)
{_shown()}
 {by.order}
"""


def _bills_then(order: Order) -> str:
    by = InOrder(order, first_of(then=True), owed="b.open", aged_on=AGED_ON)
    return f"""
with {SINCE}, {BILLS_THEN}, open_bills as (
    select d.place, d.id, d.amount
      from (select b.id, b.open as amount, {by.place} as place
              from bills_then b
             where b.open > 0 and b.currency = $4) as d
     where {by.later}
     {by.order} {by.limit}
)
{_shown()}
 {by.order}
"""


LIST_OPEN_BILLS_BY_AMOUNT_NOW: Final = _bills_now("-amount")
LIST_OPEN_BILLS_BY_DUE_DATE_NOW: Final = _bills_now("due_date")
LIST_OPEN_BILLS_BY_AMOUNT_THEN: Final = _bills_then("-amount")
LIST_OPEN_BILLS_BY_DUE_DATE_THEN: Final = _bills_then("due_date")

_STATEMENTS: Final[dict[tuple[Order, bool], str]] = {
    ("-amount", False): LIST_OPEN_BILLS_BY_AMOUNT_NOW,
    ("due_date", False): LIST_OPEN_BILLS_BY_DUE_DATE_NOW,
    ("-amount", True): LIST_OPEN_BILLS_BY_AMOUNT_THEN,
    ("due_date", True): LIST_OPEN_BILLS_BY_DUE_DATE_THEN,
}


async def list_open_bills(find: Find, tenant: Tenant, asked: Asked, part: Part) -> list[Row]:
    """Bills in order, with their customers. In one currency."""
    statement = _STATEMENTS[part.order, asked.moment is not None]
    return await find(statement, *tenant, *asked.values, *part.values)


def stream_open_bills(snapshot: Database, tenant: Tenant, asked: Asked, part: Part) -> AsyncIterator[Row]:
    """The same, all of them."""
    statement = _STATEMENTS[part.order, asked.moment is not None]
    return snapshot.stream(statement, *tenant, *asked.values, *part.values)
