"""The statements on jobs."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Row, Transaction
from dues.domain.ids import Prefix
from dues.domain.refusals import Refusal, not_found
from dues.domain.tenants import Tenant

JobStatus = Literal["receiving", "checking", "applying", "exporting", "completed", "stopped", "failed"]

UNDER_WAY: Final = ("checking", "applying", "exporting")
HELD: Final = timedelta(seconds=15)
"""Without news of its holder. Who is slower is safe: if another has it by then, nothing of that one is committed."""


class JobError(Struct, frozen=True):
    """Why a job failed: a code of the domain's tables, and a sentence."""

    code: str
    detail: str


class Job(Struct, frozen=True):
    """A job as it is kept. `position` is the line up to which it is carried out, `read_to` the byte at its end."""

    tenant: Tenant
    id: str
    status: JobStatus
    input: bytes
    rows_total: int
    counts: Mapping[str, int]
    position: int
    read_to: int
    bytes_total: int
    sha256: bytes | None
    error: JobError | None
    actor: str | None
    idempotency_key: str | None
    is_to_stop: bool
    created_at: datetime
    completed_at: datetime | None
    expires_at: datetime


COLUMNS: Final = """t.cell, t.tenant_id, t.id, t.status, t.input, t.rows_total, t.counts, t.position, t.read_to,
       t.bytes_total, t.sha256, t.error, t.actor, t.idempotency_key, t.is_to_stop, t.created_at, t.completed_at,
       t.expires_at"""


def job_of(row: Row) -> Job:
    """The job that a row with COLUMNS is."""
    values: dict[str, Any] = {name: row[name] for name in Job.__struct_fields__ if name != "tenant"}
    values["input"] = row["input"].encode()
    values["counts"] = msgspec.json.decode(row["counts"])
    values["error"] = row["error"] and msgspec.json.decode(row["error"], type=JobError)
    return Job(tenant=Tenant(row["cell"], row["tenant_id"]), **values)


INSERT_JOB = f"""
insert into jobs as t (cell, tenant_id, id, status, input, actor, idempotency_key, created_at, updated_at, expires_at)
values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $8, $9)
    on conflict do nothing
returning {COLUMNS}
"""


async def insert_job(
    database: Database,
    tenant: Tenant,
    job_id: str,
    status: JobStatus,
    wanted: bytes,
    actor: str | None,
    idempotency_key: str | None,
    now: datetime,
    expires_at: datetime,
) -> Job | None:
    """A new job; None where another has its key."""
    row = await database.row(
        INSERT_JOB, *tenant, job_id, status, wanted.decode(), actor, idempotency_key, now, expires_at
    )
    return job_of(row) if row else None


FIND_JOB = f"select {COLUMNS} from jobs t where t.cell = $1 and t.tenant_id = $2 and t.id = $3"


async def find_job(database: Database, tenant: Tenant, job_id: str) -> Job | None:
    """The job with this id."""
    row = await database.row(FIND_JOB, *tenant, job_id)
    return job_of(row) if row else None


async def find_job_called(database: Database, tenant: Tenant, noun: str, prefix: Prefix, name: str) -> Job | Refusal:
    """The job with this id where it is a `noun`, whose ids begin with `prefix`; or that there is none."""
    job = await find_job(database, tenant, name) if name.startswith(prefix) else None
    return job or not_found(noun, name)


FIND_JOB_BY_KEY = f"select {COLUMNS} from jobs t where t.cell = $1 and t.tenant_id = $2 and t.idempotency_key = $3"


async def find_job_by_key(database: Database, tenant: Tenant, idempotency_key: str) -> Job | None:
    """The job that was asked for under this key."""
    row = await database.row(FIND_JOB_BY_KEY, *tenant, idempotency_key)
    return job_of(row) if row else None


LIST_JOBS_BY_DIGEST = f"""
select {COLUMNS} from jobs t where t.cell = $1 and t.tenant_id = $2 and t.sha256 = $3 order by t.id desc limit 20
"""


async def list_jobs_by_digest(database: Database, tenant: Tenant, sha256: bytes) -> list[Job]:
    """The latest jobs of the same bytes."""
    return [job_of(row) for row in await database.rows(LIST_JOBS_BY_DIGEST, *tenant, sha256)]


FIND_LATEST_FILE = """
select max(t.input #>> '{settings,file_date}') as file_date
  from jobs t
 where t.cell = $1 and t.tenant_id = $2 and t.id > 'imp_' and t.id < 'imp`' and t.input ->> 'kind' = $3
   and (t.input ->> 'dry_run')::boolean is false and t.status in ('checking', 'applying', 'completed', 'stopped')
"""


async def find_latest_file(database: Database, tenant: Tenant, kind: str) -> str | None:
    """The latest day of which a file of this kind was applied, as it is written; None: there was none."""
    [row] = await database.rows(FIND_LATEST_FILE, *tenant, kind)
    return row["file_date"]  # type: ignore[no-any-return]


# Its way --------------------------------------------------------------------------------------------------------

LOCK_PROGRESS = f"""
update jobs t
   set status = $5, position = $6, read_to = $7, counts = $8::jsonb, rows_total = $9, error = $10::jsonb,
       completed_at = $11, updated_at = $12, leased_until = $13
 where t.cell = $1 and t.tenant_id = $2 and t.id = $3 and t.leased_by = $4
returning {COLUMNS}
"""


class Lost(Exception):
    """Somebody else holds the lease, or the job is gone: nothing more of it is ours."""


async def save_progress(tx: Transaction, job: Job, holder: str, now: datetime, until: datetime | None) -> Job:
    """Writes how far it is, in the transaction of what was done, and holds it `until` then. Raises Lost."""
    error = job.error and msgspec.json.encode(job.error).decode()
    counts = msgspec.json.encode(job.counts).decode()
    rows = await tx.lock(
        LOCK_PROGRESS,
        *job.tenant,
        job.id,
        holder,
        job.status,
        job.position,
        job.read_to,
        counts,
        job.rows_total,
        error,
        job.completed_at,
        now,
        until,
    )
    if not rows:
        raise Lost(job.id)
    return job_of(rows[0])


SAVE_RECEIVED = f"""
update jobs t set status = 'checking', input = $4::jsonb, sha256 = $5, bytes_total = $6, updated_at = $7
 where t.cell = $1 and t.tenant_id = $2 and t.id = $3 and t.status = 'receiving'
returning {COLUMNS}
"""


async def save_received(
    database: Database, job: Job, wanted: bytes, sha256: bytes, bytes_total: int, now: datetime
) -> Job:
    """All of its bytes are there: it is carried out now, as `wanted` says."""
    row = await database.row(SAVE_RECEIVED, *job.tenant, job.id, wanted.decode(), sha256, bytes_total, now)
    if row is None:
        raise Lost(job.id)
    return job_of(row)


SAVE_TO_STOP = f"""
update jobs t set is_to_stop = true
 where t.cell = $1 and t.tenant_id = $2 and t.id = $3 and t.status in ('checking', 'applying', 'exporting')
returning {COLUMNS}
"""


async def ask_to_stop(database: Database, tenant: Tenant, job_id: str) -> Job | None:
    """Has a job stop after the group that is under way; None where it is not."""
    row = await database.row(SAVE_TO_STOP, *tenant, job_id)
    return job_of(row) if row else None


SAVE_AGAIN = f"""
update jobs t
   set status = 'applying', input = $4::jsonb, position = $5, read_to = $6, counts = '{{}}', error = null,
       completed_at = null, is_to_stop = false, leased_by = null, leased_until = null, updated_at = $7
 where t.cell = $1 and t.tenant_id = $2 and t.id = $3 and t.status in ('completed', 'stopped')
returning {COLUMNS}
"""


async def start_again(tx: Transaction, job: Job, wanted: bytes, position: int, read_to: int, now: datetime) -> Job:
    """Has a job that is over carried out anew from `position`, as asked for now. Raises Lost where it is not over."""
    rows = await tx.lock(SAVE_AGAIN, *job.tenant, job.id, wanted.decode(), position, read_to, now)
    if not rows:
        raise Lost(job.id)
    return job_of(rows[0])
