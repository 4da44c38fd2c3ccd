"""POST /billing/imports: takes a file in as it comes, a mebibyte at a time. Then it is carried out by itself."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct, structs

from dues.db.database import Database
from dues.domain.days import day_at
from dues.domain.files.names import kind_of, said_by
from dues.domain.files.opening import Opened, Opening
from dues.domain.files.rows import FileSettings
from dues.domain.files.verdicts import FileRefusedError
from dues.domain.ids import new_id
from dues.domain.refusals import Refusal
from dues.domain.tenants import Tenant
from dues.jobs import store
from dues.jobs.chunks.store import CHUNK_BYTES, forget_job, insert_chunk
from dues.jobs.store import Job
from dues.resources.imports.input import ImportInput, input_of
from dues.resources.imports.query import ImportQuery
from dues.tenants.file_context.store import find_file_context


class Sender(Struct, frozen=True):
    """Who sends a file: whose it is, by which key, under which idempotency key, when, and how long it is kept."""

    tenant: Tenant
    actor: str | None
    idempotency_key: str | None
    now: datetime
    keep: timedelta


class Received(Struct, frozen=True):
    """An import that was taken in, now or (`replayed`) under the same key before."""

    job: Job
    replayed: bool = False


async def take_in(
    database: Database,
    tenant: Tenant,
    asked: ImportQuery,
    data: AsyncIterator[bytes],
    actor: str | None,
    idempotency_key: str | None,
    keep: timedelta,
) -> Received | Refusal:
    """Takes a file in as it is asked for, and as the merchant has set, to `keep` it and its verdicts for so long.
    Raises and refuses as `receive` does."""
    context = await find_file_context(database, tenant)
    now = datetime.now(UTC) + timedelta(seconds=context["clock_offset_seconds"])
    settings = msgspec.json.decode(context["file_settings"] or b"{}", type=FileSettings)
    wanted = _wanted(asked, settings, context["time_zone"], now)
    return await receive(database, Sender(tenant, actor, idempotency_key, now, keep), wanted, data)


def _wanted(asked: ImportQuery, settings: FileSettings, time_zone: str, now: datetime) -> ImportInput:
    """What is asked for, with what the name of the file says. Raises FileRefusedError."""
    kind = asked.kind or kind_of(asked.file_name or "")
    named = said_by(asked.file_name, kind, day_at(now, time_zone)) if asked.file_name else None
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
        closed_period_reason=asked.closed_period_reason,
        settings=settings,
        time_zone=time_zone,
    )


async def receive(
    database: Database, sender: Sender, wanted: ImportInput, data: AsyncIterator[bytes]
) -> Received | Refusal:
    """Keeps the bytes of a file, and has it carried out. Raises FileRefusedError, and leaves nothing then.

    Refuses a key that was used for another file.
    """
    opening = Opening(wanted.file_kind, wanted.settings, wanted.encoding)
    job = await _begin(database, sender, wanted)
    if job is None:
        return await _again(database, sender, wanted, opening, data)
    try:
        opened = await _keep(database, job, opening, data)
        if twice := await _find_twice(database, sender.tenant, wanted, opened):
            raise twice
        whole = _opened(wanted, opened)
        job = await _finish(database, job, whole, opened, sender.now)
    except BaseException:
        await forget_job(database, job.tenant, job.id)
        raise
    return Received(job)


async def _begin(database: Database, sender: Sender, wanted: ImportInput) -> Job | None:
    return await store.insert_job(
        database,
        sender.tenant,
        new_id("imp_", sender.now),
        "receiving",
        msgspec.json.encode(wanted),
        sender.actor,
        sender.idempotency_key,
        sender.now,
        sender.now + sender.keep,
    )


async def _keep(database: Database, job: Job, opening: Opening, data: AsyncIterator[bytes]) -> Opened:
    rest, number = bytearray(), 0
    async for part in data:
        opening.feed(part)
        rest += part
        while len(rest) >= CHUNK_BYTES:
            await insert_chunk(database, job, number, bytes(rest[:CHUNK_BYTES]))
            del rest[:CHUNK_BYTES]
            number += 1
    opened = opening.end()
    if rest:
        await insert_chunk(database, job, number, bytes(rest))
    return opened


async def _again(
    database: Database, sender: Sender, wanted: ImportInput, opening: Opening, data: AsyncIterator[bytes]
) -> Received | Refusal:
    """What the key was used for before, if that was the same."""
    async for part in data:
        opening.feed(part)
    opened = opening.end()
    there = await store.find_job_by_key(database, sender.tenant, sender.idempotency_key or "")
    if there is None or there.status == "receiving":
        raise store.Lost("the file is being received under this key")
    if there.sha256 == opened.sha256 and _asked(input_of(there)) == _asked(wanted):
        return Received(there, replayed=True)
    detail = "This Idempotency-Key was used for another file, or for this one with other parameters."
    return Refusal("idempotency_key_reused", detail)


def _asked(wanted: ImportInput) -> ImportInput:
    """What was asked for, without what the file and the merchant's settings said."""
    plain = ImportInput(kind=wanted.kind, file_name="")
    kept = {name: getattr(plain, name) for name in ("settings", "time_zone", "delimiter", "header", "header_line")}
    tried = wanted.dry_run or wanted.was_tried
    return structs.replace(wanted, **kept, header_ends_at=0, dry_run=tried, was_tried=False)


async def _find_twice(
    database: Database, tenant: Tenant, wanted: ImportInput, opened: Opened
) -> FileRefusedError | None:
    """Why a file is not imported that was there before, unless it is only tried or asked for once more."""
    if wanted.dry_run or wanted.again:
        return None
    for job in await store.list_jobs_by_digest(database, tenant, opened.sha256):
        before = input_of(job)
        if before.kind == wanted.kind and not before.dry_run and job.status in (*store.UNDER_WAY, "completed"):
            detail = f"The same bytes are the import {job.id}, which came on {job.created_at:%Y-%m-%d}."
            return FileRefusedError("file_already_imported", detail)
    day = wanted.settings.file_date
    if wanted.kind == "moment_daily" and day is not None:
        latest = await store.find_latest_file(database, tenant, wanted.kind)
        if latest is not None and day.isoformat() < latest:
            detail = f"A file of {latest} was applied already; this one, of {day}, would undo what that said."
            return FileRefusedError("file_out_of_order", detail)
    return None


def _opened(wanted: ImportInput, opened: Opened) -> ImportInput:
    return structs.replace(
        wanted,
        header=opened.header,
        delimiter=opened.delimiter,
        header_line=opened.header_line,
        header_ends_at=opened.header_ends_at,
    )


async def _finish(database: Database, job: Job, whole: ImportInput, opened: Opened, now: datetime) -> Job:
    return await store.save_received(database, job, msgspec.json.encode(whole), opened.sha256, opened.bytes_total, now)
