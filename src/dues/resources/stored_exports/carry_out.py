"""Carries an export out, by whoever holds its lease: the list, whole, from one instant, a mebibyte at a time.

Whoever takes it over after a crash begins again, since that instant is over.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, structs

from dues.db.database import Database
from dues.domain.refusals import Refusal
from dues.domain.violations import Invalid
from dues.events.feed import Feed
from dues.events.notifier import Notifier
from dues.events.watermark import Watermark
from dues.jobs.chunks.store import forget_chunks
from dues.jobs.store import Job, JobError
from dues.resources.doing import Call, Lists
from dues.resources.exports.write import export
from dues.resources.stored_exports.wire import input_of
from dues.resources.stored_exports.writing import Writing
from dues.tenants.file_context.store import find_file_context
from dues.tenants.keys import ApiKey, key_of_nobody


class Kept(Struct, frozen=True):
    """A list that can be kept whole, and what makes its query of a query string."""

    lists: Lists
    read: Callable[[str], Any]


class ExportCarrier:
    """Carries out exports in one process. `kinds`: the lists that there are, by the names of their kinds."""

    def __init__(self, database: Database, holder: str, kinds: Mapping[str, Kept]) -> None:
        self._database = database
        self._holder = holder
        self._kinds = kinds
        self._feed = Feed(database, Watermark(database), Notifier(database))

    async def run(self, job: Job) -> Job:
        """Carries it on to its end; the job as it is then. Raises Lost, and Unavailable."""
        await forget_chunks(self._database, job.tenant, job.id)
        writing = Writing(self._database, self._holder, structs.replace(job, rows_total=0, read_to=0))
        try:
            refused = await self._write(job, writing)
        except Invalid as error:
            refused = JobError("validation_failed", str(error))
        return await writing.end("failed" if refused else "completed", refused)

    async def _write(self, job: Job, writing: "Writing") -> JobError | None:
        wanted = input_of(job)
        kept, key = self._kinds[wanted.kind], await self._key(job)
        call = Call(
            key=key,
            name="",
            query=kept.read(wanted.query),
            idempotency_key=None,
            database=self._database,
            feed=self._feed,
        )
        document = await export(kept.lists, call, wanted.kind, writing.observe)
        if isinstance(document, Refusal):
            return JobError(document.code, document.detail)
        async for part in document.parts:
            await writing.add(part)
        return None

    async def _key(self, job: Job) -> ApiKey:
        row = await find_file_context(self._database, job.tenant)
        return key_of_nobody(job.tenant, row["merchant_id"], row["mode"], row["clock_offset_seconds"], row["time_zone"])
