"""The calls on imports: send a file, look at it and at its rows, apply what was tried, stop, fetch the result."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import structs

from dues.domain.ids import Prefix
from dues.domain.refusals import Refusal
from dues.jobs import store as jobs
from dues.jobs.store import Job
from dues.lists.paging import PageBody, page_of, place_of
from dues.resources.doing import Accepted, Call, Document
from dues.resources.imports import store
from dues.resources.imports.input import input_of
from dues.resources.imports.query import ImportQuery
from dues.resources.imports.receive import take_in
from dues.resources.imports.result import result_csv
from dues.resources.imports.wire import import_json, row_body

PREFIX: Final[Prefix] = "imp_"


async def create_import(call: Call, data: AsyncIterator[bytes]) -> Accepted | Refusal:
    """POST /billing/imports."""
    restricted = call.key.restrictions
    if restricted and (restricted.max_amount is not None or restricted.max_per_day is not None):
        # What a row moves is not counted one by one: a file would be the way around the limit.
        detail = "This key may move so much and no more; a file may move anything. Use a key without such a limit."
        return Refusal("key_limited", detail)
    asked: ImportQuery = call.query
    if restricted:
        asked = structs.replace(asked, closed_period_reason=None)
    received = await take_in(
        call.database, call.tenant, asked, data, call.key.id, call.idempotency_key, call.files_kept
    )
    if isinstance(received, Refusal):
        return received
    return Accepted(import_json(received.job), received.replayed)


async def _find(call: Call) -> Job | Refusal:
    return await jobs.find_job_called(call.database, call.tenant, "import", PREFIX, call.name)


async def retrieve_import(call: Call) -> bytes | Refusal:
    """GET of one."""
    job = await _find(call)
    return job if isinstance(job, Refusal) else import_json(job)


async def list_import_rows(call: Call) -> PageBody | Refusal:
    """GET of its rows, in the order of the file."""
    job = await _find(call)
    if isinstance(job, Refusal):
        return job
    list_name = f"rows of {job.id}"
    place = place_of(call.query, call.tenant, list_name, "[1-9][0-9]{0,8}")
    found = await store.list_rows(
        call.database, call.tenant, job.id, int(place or 0), call.query.verdict, call.query.limit + 1
    )
    return page_of(call.query, call.tenant, list_name, [(str(row.line), row_body(row)) for row in found])


async def apply_import(call: Call) -> bytes | Refusal:
    """POST …/apply: carries out what a dry run has tried. The same bytes are read, by what is there now."""
    job = await _find(call)
    if isinstance(job, Refusal):
        return job
    wanted = input_of(job)
    if wanted.was_tried and not wanted.dry_run:
        return import_json(job)  # it was asked for before
    if not wanted.dry_run or job.status not in ("completed", "stopped"):
        return Refusal("import_not_tried", f"The import {job.id} is no dry run that has ended.")
    asked = msgspec.json.encode(structs.replace(wanted, dry_run=False, was_tried=True))
    async with call.database.transaction(call.tenant.cell) as tx:
        await store.forget_verdicts(tx, job)
        started = await jobs.start_again(tx, job, asked, wanted.header_line, wanted.header_ends_at, datetime.now(UTC))
        await tx.commit()
    return import_json(started)


async def stop_import(call: Call) -> bytes | Refusal:
    """POST …/stop: nothing more of it is carried out. What was carried out stays."""
    job = await _find(call)
    if isinstance(job, Refusal):
        return job
    stopped = await jobs.ask_to_stop(call.database, call.tenant, job.id)
    return import_json(stopped or job)


async def fetch_result(call: Call) -> Document | Refusal:
    """GET …/result.csv: every row with its verdict before it."""
    job = await _find(call)
    if isinstance(job, Refusal):
        return job
    return Document("text/csv", f"{job.id}-result.csv", result_csv(call.database, job, call.query.verdict))
