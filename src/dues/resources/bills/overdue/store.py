"""The bills that are overdue, and of which nobody was told."""

from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

from dues.db.database import Database
from dues.domain.days import day_at, time_zones
from dues.domain.tenants import Tenant


class DueBill(Struct, frozen=True):
    """A bill that was due before its merchant's today, and of which nobody was told."""

    tenant: Tenant
    bill_id: str
    today: date
    clock_offset_seconds: int


FIND_CLOCKS = """
select t.id as tenant_id, t.clock_offset_seconds, m.time_zone
  from tenants t
  join merchants m on m.id = t.merchant_id
 where t.cell = $1
"""

FIND_BILLS_TO_BE_OVERDUE = """
select asked.number, b.id as bill_id
  from unnest($2::integer[], $3::date[]) with ordinality as asked(tenant_id, today, number)
 cross join lateral (
           select b.id from bills b
            where b.cell = $1 and b.tenant_id = asked.tenant_id and b.status = 'unpaid' and b.overdue_on is null
              and b.due_on < asked.today
            order by b.due_on
            limit $4
       ) as b
 limit $4
"""


async def find_bills_to_be_overdue(database: Database, cell: int, limit: int) -> list[DueBill]:
    """At most `limit` of a cell.

    The days are reckoned here, as everywhere: the database may know other time zones, and one that nobody here knows
    stops its own merchant alone.
    """
    now, known = datetime.now(UTC), time_zones()
    found = [row for row in await database.rows(FIND_CLOCKS, cell) if row["time_zone"] in known]
    tenants: list[int] = [row["tenant_id"] for row in found]
    offsets: list[int] = [row["clock_offset_seconds"] for row in found]
    days = [
        day_at(now + timedelta(seconds=offset), row["time_zone"]) for offset, row in zip(offsets, found, strict=True)
    ]
    rows = await database.rows(FIND_BILLS_TO_BE_OVERDUE, cell, tenants, days, limit)
    places = [(row["number"] - 1, row["bill_id"]) for row in rows]
    return [DueBill(Tenant(cell, tenants[at]), bill_id, days[at], offsets[at]) for at, bill_id in places]
