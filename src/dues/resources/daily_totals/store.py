"""The statements on a day's payments. Each reads no more than that day, off an index."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.tenants import Tenant


class Total(Struct, frozen=True):
    """How many payments, and what they come to in minor units."""

    count: int
    amount: int


FIND_PAID_BY_ALL = """
select currency, count(*) as count, sum(amount) as amount
  from payments
 where cell = $1 and tenant_id = $2 and id >= $3 and id < $4
 group by currency
"""

FIND_PAID_BY_COLLECTOR = """
select currency, count(*) as count, sum(amount) as amount
  from payments
 where cell = $1 and tenant_id = $2 and id >= $3 and id < $4 and collector_id = $5
 group by currency
"""


async def find_paid(
    database: Database, tenant: Tenant, collector_id: str | None, first_id: str, end_id: str
) -> dict[str, Total]:
    """By currency, the payments with ids from `first_id` until before `end_id`: ids begin with the time."""
    if collector_id is None:
        return _totals(await database.rows(FIND_PAID_BY_ALL, *tenant, first_id, end_id))
    return _totals(await database.rows(FIND_PAID_BY_COLLECTOR, *tenant, first_id, end_id, collector_id))


FIND_REVERSED = """
select currency, count(*) as count, sum(amount) as amount
  from payments
 where cell = $1 and tenant_id = $2 and reversed_at >= $3 and reversed_at < $4
   and (collector_id = $5 or $5 is null)
 group by currency
"""


async def find_reversed(
    database: Database, tenant: Tenant, collector_id: str | None, begins: datetime, ends: datetime
) -> dict[str, Total]:
    """By currency, the payments that were reversed from `begins` until before `ends`."""
    return _totals(await database.rows(FIND_REVERSED, *tenant, begins, ends, collector_id))


def _totals(rows: Sequence[Row]) -> dict[str, Total]:
    return {row["currency"]: Total(row["count"], int(row["amount"])) for row in rows}
