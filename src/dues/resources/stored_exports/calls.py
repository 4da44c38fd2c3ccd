"""The calls on exports that are kept: ask for one, look at it, fetch its file."""

from typing import Final

import msgspec

from dues.domain.ids import Prefix, new_id
from dues.domain.refusals import Refusal
from dues.jobs import store as jobs
from dues.jobs.chunks.store import read_bytes
from dues.jobs.store import Job
from dues.resources.doing import Accepted, Call, Document
from dues.resources.stored_exports.wire import ExportInput, export_json, input_of

PREFIX: Final[Prefix] = "exp_"


async def create_export(call: Call, wanted: ExportInput) -> Accepted | Refusal:
    """POST /billing/exports. Refuses a key that was used for another export."""
    now = call.key.now()
    job = await jobs.insert_job(
        call.database,
        call.tenant,
        new_id(PREFIX, now),
        "exporting",
        msgspec.json.encode(wanted),
        call.key.id,
        call.idempotency_key,
        now,
        now + call.files_kept,
    )
    if job is not None:
        return Accepted(export_json(job), False)
    assert call.idempotency_key
    before = await jobs.find_job_by_key(call.database, call.tenant, call.idempotency_key)
    if before is None or not before.id.startswith(PREFIX) or input_of(before) != wanted:
        return Refusal("idempotency_key_reused", "This Idempotency-Key was used for another file.")
    return Accepted(export_json(before), True)


async def _find(call: Call) -> Job | Refusal:
    return await jobs.find_job_called(call.database, call.tenant, "export", PREFIX, call.name)


async def retrieve_export(call: Call) -> bytes | Refusal:
    """GET of one."""
    job = await _find(call)
    return job if isinstance(job, Refusal) else export_json(job)


async def fetch_export(call: Call) -> Document | Refusal:
    """GET …/file.csv: the file, once it is whole."""
    job = await _find(call)
    if isinstance(job, Refusal):
        return job
    if job.status != "completed":
        return Refusal("export_not_completed", f"The export {job.id} is {job.status}.")
    return Document("text/csv", f"{input_of(job).kind}.csv", read_bytes(call.database, job))
