"""The statements on the bytes of jobs."""

from collections.abc import AsyncIterator
from typing import Final

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.jobs.expired.store import delete_job
from dues.jobs.store import Job

CHUNK_BYTES: Final = 1 << 20

INSERT_CHUNK = "insert into job_chunks (cell, tenant_id, job_id, number, data) values ($1, $2, $3, $4, $5)"


async def insert_chunk(database: Database, job: Job, number: int, data: bytes) -> None:
    """Keeps the next of its bytes: CHUNK_BYTES, but for the last."""
    await database.rows(INSERT_CHUNK, *job.tenant, job.id, number, data)


FIND_CHUNK = "select data from job_chunks where cell = $1 and tenant_id = $2 and job_id = $3 and number = $4"


async def read_bytes(database: Database, job: Job, offset: int = 0) -> AsyncIterator[bytes]:
    """Its bytes from `offset` on, a chunk at a time."""
    number, skip = divmod(offset, CHUNK_BYTES)
    while row := await database.row(FIND_CHUNK, *job.tenant, job.id, number):
        yield row["data"][skip:]
        number, skip = number + 1, 0


DELETE_CHUNKS = """
delete from job_chunks
 where cell = $1 and tenant_id = $2 and job_id = $3
   and number in (select c.number from job_chunks c where c.cell = $1 and c.tenant_id = $2 and c.job_id = $3 limit 50)
returning number
"""


async def forget_chunks(database: Database, tenant: Tenant, job_id: str) -> None:
    """Deletes them, some at a time."""
    while await database.rows(DELETE_CHUNKS, *tenant, job_id):
        pass


DELETE_IMPORT_ROWS = """
delete from import_rows
 where cell = $1 and tenant_id = $2 and import_id = $3
   and line in (select r.line from import_rows r where r.cell = $1 and r.tenant_id = $2 and r.import_id = $3 limit 5000)
returning line
"""


async def forget_job(database: Database, tenant: Tenant, job_id: str) -> None:
    """Forgets a job, its bytes and its rows; those some at a time, and itself last."""
    await forget_chunks(database, tenant, job_id)
    while await database.rows(DELETE_IMPORT_ROWS, *tenant, job_id):
        pass
    await delete_job(database, tenant, job_id)
