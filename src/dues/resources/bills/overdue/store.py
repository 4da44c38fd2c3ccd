"""The bills that are overdue, and of which nobody was told."""

from datetime import date

from msgspec import Struct

from dues.db.database import Database
from dues.domain.tenants import Tenant


class DueBill(Struct, frozen=True):
    """A bill that was due before its merchant's today, and of which nobody was told."""

    tenant: Tenant
    bill_id: str
    today: date
    clock_offset_seconds: int


FIND_BILLS_TO_BE_OVERDUE = """
select t.id as tenant_id, t.clock_offset_seconds, today.day as today, b.id as bill_id
  from tenants t
  join merchants m on m.id = t.merchant_id
 cross join lateral (
           select ((now() + make_interval(secs => t.clock_offset_seconds)) at time zone m.time_zone)::date as day
       ) as today
 cross join lateral (
           select b.id from bills b
            where b.cell = $1 and b.tenant_id = t.id and b.status = 'unpaid' and b.overdue_on is null
              and b.due_on < today.day
            order by b.due_on
            limit $2
       ) as b
 where t.cell = $1
 limit $2
"""


async def find_bills_to_be_overdue(database: Database, cell: int, limit: int) -> list[DueBill]:
    """At most `limit` of a cell."""
    rows = await database.rows(FIND_BILLS_TO_BE_OVERDUE, cell, limit)
    return [
        DueBill(Tenant(cell, row["tenant_id"]), row["bill_id"], row["today"], row["clock_offset_seconds"])
        for row in rows
    ]
