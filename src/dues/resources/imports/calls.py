"""The calls on imports: send a file, look at it and at its rows, apply what was tried, stop, fetch the result."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec import structs

from dues.domain.days import day_at
from dues.domain.files.names import read_name, refuse_name
from dues.domain.files.rows import RESULT_COLUMNS, FileKindName, FileSettings
from dues.domain.files.verdicts import FileRefusedError
from dues.domain.ids import Prefix
from dues.domain.refusals import Refusal, not_found
from dues.jobs import store as jobs
from dues.jobs.store import Job
from dues.lists.paging import PageBody, page_of, place_of
from dues.resources.imports import store
from dues.resources.imports.check import records_from
from dues.resources.imports.input import ImportInput, input_of
from dues.resources.imports.query import ImportQuery
from dues.resources.imports.receive import Sender, receive
from dues.resources.imports.wire import import_json, row_body
from dues.resources.operation import Accepted, Call, Document
from dues.tenants.store import find_file_context

PREFIX: Final[Prefix] = "imp_"

KEPT: Final = timedelta(days=30)

_RESULT_BYTES: Final = 64 * 1024
"""What is put together before it is sent."""


async def create_import(call: Call, data: AsyncIterator[bytes]) -> Accepted | Refusal:
    """POST /billing/imports."""
    restricted = call.key.restrictions
    if restricted and (restricted.max_amount is not None or restricted.max_per_day is not None):
        # What a row moves is not counted one by one: a file would be the way around the limit.
        detail = "This key may move so much and no more; a file may move anything. Use a key without such a limit."
        return Refusal("key_limited", detail)
    asked: ImportQuery = call.query
    context = await find_file_context(call.database, call.tenant)
    now = datetime.now(UTC) + timedelta(seconds=context["clock_offset_seconds"])
    settings = msgspec.json.decode(context["file_settings"] or b"{}", type=FileSettings)
    wanted = _wanted(asked, settings, context["time_zone"], now)
    sender = Sender(call.tenant, call.key.id, call.idempotency_key, now, KEPT)
    received = await receive(call.database, sender, wanted, data)
    if isinstance(received, Refusal):
        return received
    return Accepted(import_json(received.job), received.replayed)


def _wanted(asked: ImportQuery, settings: FileSettings, time_zone: str, now: datetime) -> ImportInput:
    """What is asked for, with what the name of the file says. Raises FileRefusedError."""
    kind = asked.kind or _kind_of(asked.file_name or "")
    named = refuse_name(asked.file_name, kind, day_at(now, time_zone)) if asked.file_name else None
    if named:
        settings = structs.replace(settings, country=named.country, file_date=named.day)
    return ImportInput(
        kind=kind,
        file_name=asked.file_name or f"{kind}.csv",
        as_of=asked.as_of,
        dry_run=asked.dry_run,
        apply=asked.apply,
        again=asked.again,
        encoding=asked.encoding,
        settings=settings,
        time_zone=time_zone,
    )


def _kind_of(file_name: str) -> FileKindName:
    named = read_name(file_name)
    if named is None:
        detail = f"The name {file_name!r} does not tell what kind of file it is: say kind=."
        raise FileRefusedError("file_name_unrecognised", detail)
    return named.kind


async def _find(call: Call) -> Job | Refusal:
    job = await jobs.find_job(call.database, call.tenant, call.name) if call.name.startswith(PREFIX) else None
    return job or not_found("import", call.name)


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
    return Document("text/csv", f"{job.id}-result.csv", _result(call, job, call.query.verdict))


async def _result(call: Call, job: Job, verdict: str | None) -> AsyncIterator[bytes]:
    wanted = input_of(job)
    own = [number for number, column in enumerate(wanted.header) if column not in RESULT_COLUMNS]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*RESULT_COLUMNS, *(wanted.header[number] for number in own)])
    records = records_from(call.database, job, wanted, wanted.header_line, wanted.header_ends_at)
    async for row in store.stream_rows(call.database, call.tenant, job.id, verdict):
        async for record in records:
            if record.line == row.line:
                break
        cells = record.cells or []
        original = [cells[number] for number in own if number < len(cells)]
        said = (" ".join(row.codes), " ".join(filter(None, row.columns)), " ".join(row.details))
        writer.writerow([row.line, row.verdict, *said, row.object_id or "", *original])
        if text.tell() > _RESULT_BYTES:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()
