"""The statements on all that one owner owes. Each is one look at one instant, off the indexes of what belongs to it."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from msgspec import Struct

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.resources.bills.store import REMAINING


class Owed(Struct, frozen=True):
    """What is owed in one currency, in minor units. `balance` None: none is tracked in it."""

    currency: str
    balance: int | None
    open_count: int
    open_amount: int
    oldest_due_date: date | None
    overdue_count: int
    overdue_amount: int
    unapplied: int

    @property
    def net(self) -> int:
        """All that is owed, whether by balance or by bill, less what is held."""
        return (self.balance or 0) + self.open_amount - self.unapplied


def _balances(table: str, column: str) -> str:
    return f"""
select o.currency, o.balance, 0 as open_count, 0 as open_amount, null::date as oldest_due_on,
       0 as overdue_count, 0 as overdue_amount, 0 as unapplied
  from {table} o
 where o.cell = $1 and o.tenant_id = $2 and o.{column} = $3 and o.balance is not null
"""


def _bills(column: str) -> str:
    return f"""
select b.currency, null, count(*), sum({REMAINING}), min(b.due_on),
       count(*) filter (where b.due_on < $4), coalesce(sum({REMAINING}) filter (where b.due_on < $4), 0), 0
  from bills b
 where b.cell = $1 and b.tenant_id = $2 and b.{column} = $3 and b.status = 'unpaid'
 group by b.currency
"""


def _held(more: str) -> str:
    return f"""
select p.currency, null, 0, 0, null, 0, 0, p.amount_unapplied
  from payments p
 where p.cell = $1 and p.tenant_id = $2 and {more} and p.amount_unapplied > 0
"""


def _summary(*parts: str) -> str:
    """One row for each currency in which any of the parts has something."""
    return f"""
select currency, sum(balance) as balance, sum(open_count) as open_count, sum(open_amount) as open_amount,
       min(oldest_due_on) as oldest_due_on, sum(overdue_count) as overdue_count, sum(overdue_amount) as overdue_amount,
       sum(unapplied) as unapplied
  from ({"union all".join(parts)}) as owed
 group by currency
 order by currency
"""


FIND_OWED_BY_CUSTOMER: Final = _summary(
    _balances(table="customers", column="id"),
    _balances(table="accounts", column="customer_id"),
    _bills(column="customer_id"),
    _held("p.customer_id = $3"),
)

FIND_OWED_BY_ACCOUNT: Final = _summary(
    _balances(table="accounts", column="id"),
    _bills(column="account_id"),
    # Of its customer's: few are held, and only those of customers are found by an index.
    _held(
        "p.customer_id = (select a.customer_id from accounts a where a.cell = $1 and a.tenant_id = $2 and a.id = $3) "
        "and p.account_id = $3"
    ),
)

_STATEMENTS: Final = {"customer": FIND_OWED_BY_CUSTOMER, "account": FIND_OWED_BY_ACCOUNT}


async def find_owed(database: Database, tenant: Tenant, noun: str, owner_id: str, today: date) -> Sequence[Owed]:
    """By currency, the balance of an account, or of a customer and all its accounts; its open bills, and those that
    were due before `today`; what is held of its payments."""
    rows = await database.rows(_STATEMENTS[noun], *tenant, owner_id, today)
    return [
        Owed(
            currency=row["currency"],
            balance=None if row["balance"] is None else int(row["balance"]),
            open_count=int(row["open_count"]),
            open_amount=int(row["open_amount"]),
            oldest_due_date=row["oldest_due_on"],
            overdue_count=int(row["overdue_count"]),
            overdue_amount=int(row["overdue_amount"]),
            unapplied=int(row["unapplied"]),
        )
        for row in rows
    ]
