"""The statements on jobs that are to be forgotten."""

from datetime import datetime

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.tenants import Tenant

DELETE_JOB = "delete from jobs where cell = $1 and tenant_id = $2 and id = $3 returning id"


async def delete_job(database: Database, tenant: Tenant, job_id: str) -> None:
    """Forgets a job."""
    await database.rows(DELETE_JOB, *tenant, job_id)


LIST_EXPIRED = """
select j.tenant_id, j.id
  from jobs j
  join tenants n on n.id = j.tenant_id
 where j.cell = $1 and j.status not in ('checking', 'applying', 'exporting')
   and (j.expires_at <= $2::timestamptz + n.clock_offset_seconds * interval '1 second'
        or (j.status = 'receiving' and j.updated_at < $3))
 limit $4
"""


async def list_expired(database: Database, cell: int, now: datetime, stale: datetime, limit: int) -> list[Row]:
    """Those of a cell to be forgotten: tenant_id and id. What was being received before `stale` never was whole."""
    return await database.rows(LIST_EXPIRED, cell, now, stale, limit)
