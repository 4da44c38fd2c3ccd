"""The statements by which a job is taken, by whoever carries it on."""

from datetime import datetime
from typing import Final

from dues.db.database import Database
from dues.jobs.store import COLUMNS, Job, job_of

_IS_FREE: Final = """
j.status in ('checking', 'applying', 'exporting') and (j.leased_until is null or j.leased_until < {now})
       and not exists (
               select from jobs o
                where o.cell = $1 and o.tenant_id = j.tenant_id and o.status in ('checking', 'applying', 'exporting')
                  and o.id <> j.id and (o.id < j.id or o.leased_until >= {now})
           )
"""
"""A tenant's jobs go one after another, as they came: a file of this night must not be overtaken by the rest of one of
last night."""

LOCK_NEXT_JOB = f"""
with free as materialized (
    select j.tenant_id, j.id
      from jobs j
     where j.cell = $1 and {_IS_FREE.format(now="$3").strip()}
     order by j.updated_at
     limit 1
       for update skip locked
)
update jobs t
   set leased_by = $2, leased_until = $4
  from free
 where t.cell = $1 and t.tenant_id = free.tenant_id and t.id = free.id
returning {COLUMNS}
"""


async def lease_job(database: Database, cell: int, holder: str, now: datetime, until: datetime) -> Job | None:
    """Takes a job of a cell that nobody holds, a tenant's first one alone. `now` is the server's time."""
    row = await database.row(LOCK_NEXT_JOB, cell, holder, now, until)
    return job_of(row) if row else None


IS_ANY_FREE = f"""
select 1 from jobs j where j.cell = $1 and {_IS_FREE.format(now="$2").strip()} limit 1
"""


async def is_any_free(database: Database, cell: int, now: datetime) -> bool:
    """Whether a cell has a job that somebody could take."""
    return bool(await database.rows(IS_ANY_FREE, cell, now))
