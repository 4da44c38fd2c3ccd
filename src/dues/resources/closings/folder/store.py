"""The statements on what is in a folder alone, and on the job that makes it."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.tenants import Tenant
from dues.jobs.store import COLUMNS, INSERT_JOB, Job, job_of
from dues.resources.statements.store import VOIDED_AT
from dues.work.work import Work

STREAM_HEADS: Final = """
select distinct on (e.owner_id) e.owner_id, e.currency, e.number, e.balance_after, encode(e.hash, 'hex') as hash
  from entries e
 where e.cell = $1 and e.tenant_id = $2 and e.created_at < $3
 order by e.owner_id, e.number desc
"""


async def stream_heads(snapshot: Database, tenant: Tenant, at: datetime) -> AsyncIterator[Row]:
    """The last entry of each ledger before `at`: its number is how many there were."""
    async for row in snapshot.stream(STREAM_HEADS, *tenant, at):
        yield row


def _stood(at: str) -> str:
    """By customer and currency, what was owed and held just before $3 or $4."""
    return f"""
    select coalesce(b.customer_id, a.customer_id, p.customer_id, s.owner_id) as customer_id, s.currency,
           case when p.id is null then s.balance_after * case when b.id is null then 1 else -1 end else 0 end as owed,
           case when p.id is null then 0 else s.balance_after end as held
      from (select distinct on (e.owner_id) e.owner_id, e.currency, e.balance_after
              from entries e
             where e.cell = $1 and e.tenant_id = $2 and e.created_at < {at}
             order by e.owner_id, e.number desc) as s
      left join bills b on b.cell = $1 and b.tenant_id = $2 and b.id = s.owner_id
      left join accounts a on a.cell = $1 and a.tenant_id = $2 and a.id = s.owner_id
      left join payments p on p.cell = $1 and p.tenant_id = $2 and p.id = s.owner_id
     where b.id is null or (b.created_at < {at} and not (b.status = 'voided' and {VOIDED_AT} < {at}))
     union all
    select b.customer_id, b.currency, b.amount_due, 0
      from bills b
     where b.cell = $1 and b.tenant_id = $2 and b.created_at < {at}
       and not (b.status = 'voided' and {VOIDED_AT} < {at})"""


_MOVED: Final = f"""
    select coalesce(b.customer_id, a.customer_id, p.customer_id, e.owner_id) as customer_id, e.currency,
           case when e.owner_id = p.id then 0 when e.owner_id = b.id then -e.amount else e.amount end as owed
      from entries e
      left join bills b on b.cell = $1 and b.tenant_id = $2 and b.id = e.owner_id
      left join accounts a on a.cell = $1 and a.tenant_id = $2 and a.id = e.owner_id
      left join payments p on p.cell = $1 and p.tenant_id = $2 and p.id = e.payment_id and p.id = e.owner_id
     where e.cell = $1 and e.tenant_id = $2 and e.created_at < $4
       and greatest(e.created_at, b.created_at, p.created_at) >= $3
       and greatest(e.created_at, b.created_at, p.created_at) < $4
     union all
    select b.customer_id, b.currency, b.amount_due
      from bills b
     where b.cell = $1 and b.tenant_id = $2 and b.created_at >= $3 and b.created_at < $4
     union all
    select b.customer_id, b.currency, b.amount_credited - b.amount_due
      from bills b
     where b.cell = $1 and b.tenant_id = $2 and b.status = 'voided' and b.amount_credited < b.amount_due
       and {VOIDED_AT} >= $3 and {VOIDED_AT} < $4"""

STREAM_CUSTOMERS: Final = f"""
select c.id, c.external_reference, c.name, f.currency, sum(f.opening) as opening, sum(f.charged) as charged,
       sum(f.credited) as credited, sum(f.closing) as closing, sum(f.opening_held) as opening_held,
       sum(f.closing_held) as closing_held
  from (select o.customer_id, o.currency, o.owed as opening, 0 as charged, 0 as credited, 0 as closing,
               o.held as opening_held, 0 as closing_held
          from ({_stood("$3")}) as o
         union all
        select o.customer_id, o.currency, 0, 0, 0, o.owed, 0, o.held from ({_stood("$4")}) as o
         union all
        select m.customer_id, m.currency, 0, greatest(m.owed, 0), greatest(-m.owed, 0), 0, 0, 0 from ({_MOVED}) as m
       ) as f
  join customers c on c.cell = $1 and c.tenant_id = $2 and c.id = f.customer_id
 group by c.id, c.external_reference, c.name, f.currency
having sum(f.charged) <> 0 or sum(f.credited) <> 0 or sum(f.opening) <> 0 or sum(f.closing) <> 0
    or sum(f.opening_held) <> 0 or sum(f.closing_held) <> 0
 order by f.currency, c.id
"""
"""Of all customers what their statements come to, by currency."""


async def stream_customers(snapshot: Database, tenant: Tenant, begins: datetime, ends: datetime) -> AsyncIterator[Row]:
    """What each customer's statement of these days comes to, where that is anything."""
    async for row in snapshot.stream(STREAM_CUSTOMERS, *tenant, begins, ends):
        yield row


STREAM_LATE_ENTRIES: Final = """
select t.id, t.object_id, t.dated_on, t.closed_through, t.reason, t.request_id, t.actor, t.created_at
  from late_entries t
 where t.cell = $1 and t.tenant_id = $2 and t.dated_on <= $3 and ($4::date is null or t.dated_on >= $4)
 order by t.id
"""


async def stream_late_entries(snapshot: Database, tenant: Tenant, *between: object) -> AsyncIterator[Row]:
    """What was entered of days up to the first, from the second on, when they were closed already."""
    async for row in snapshot.stream(STREAM_LATE_ENTRIES, *tenant, *between):
        yield row


# The job ----------------------------------------------------------------------------------------------------------


class FolderInput(Struct, frozen=True):
    """Of which closing."""

    closing: str


async def insert_folder(
    work: Work, tenant: Tenant, job_id: str, wanted: bytes, actor: str | None, now: datetime, expires_at: datetime
) -> Job:
    """Has a folder made."""
    values = (job_id, "exporting", wanted.decode(), actor, None, now, expires_at)
    [row] = await work.tx.lock(INSERT_JOB, *tenant, *values)
    return job_of(row)


FIND_FOLDER: Final = f"""
select {COLUMNS}
  from jobs t
 where t.cell = $1 and t.tenant_id = $2 and t.id > 'fol_' and t.id < 'fol`' and t.input ->> 'closing' = $3
 order by t.id desc
 limit 1
"""


async def find_folder(database: Database, tenant: Tenant, closing_id: str) -> Job | None:
    """The last that was asked for, of a closing."""
    row = await database.row(FIND_FOLDER, *tenant, closing_id)
    return job_of(row) if row else None
