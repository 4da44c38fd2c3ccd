"""Makes the folder of a closing, by whoever holds the lease of its job. Whoever takes it over begins again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import Any, Final

import msgspec
from msgspec import structs

from dues.db.database import Database
from dues.db.errors import Transient
from dues.domain.tenants import Tenant
from dues.events.feed import Feed
from dues.events.notifier import Notifier
from dues.events.watermark import Watermark
from dues.jobs.chunks.store import CHUNK_BYTES, forget_chunks
from dues.jobs.store import Job, JobError, Lost
from dues.resources.closings.folder.store import FolderInput
from dues.resources.closings.folder.write import ClosingDiffersError, write_folder
from dues.resources.closings.store import find_closing
from dues.resources.doing import Call
from dues.resources.statements.read import DoesNotTieOutError
from dues.resources.stored_exports.writing import Writing
from dues.tenants.file_context.store import find_file_context
from dues.tenants.keys import key_of_nobody

HOLD_SECONDS: Final = 4.0

Verify = Callable[[str, Tenant], Awaitable[Sequence[Any]]]
"""What is wrong with the books of a tenant, in the database at a URL."""


class FolderCarrier:
    """Makes folders in one process."""

    def __init__(self, database: Database, holder: str, verify: Verify) -> None:
        self._database, self._holder, self._verify = database, holder, verify
        self._feed = Feed(database, Watermark(database), Notifier(database))

    async def run(self, job: Job) -> Job:
        """Carries it on to its end; the job as it is then. Raises Lost, and Unavailable."""
        await forget_chunks(self._database, job.tenant, job.id)
        writing = Writing(self._database, self._holder, structs.replace(job, rows_total=0, read_to=0))
        refused = await self._write(job, writing)
        return await writing.end("failed" if refused else "completed", refused)

    async def _write(self, job: Job, writing: Writing) -> JobError | None:
        wanted = msgspec.json.decode(job.input, type=FolderInput)
        closing = await find_closing(self._database, job.tenant, wanted.closing)
        assert closing, "no closing is ever removed"
        call = await self._call(job.tenant)
        with TemporaryFile() as file:
            holding = asyncio.create_task(_hold(writing))
            try:
                await write_folder(call, closing, file, lambda: self._verify(self._database.url, job.tenant))
            except (ClosingDiffersError, DoesNotTieOutError) as error:
                return JobError("folder_differs", f"{error}: dues verify says what is wrong.")
            finally:
                holding.cancel()
                with suppress(asyncio.CancelledError, Lost, Transient):
                    await holding
            file.seek(0)
            while part := file.read(CHUNK_BYTES):
                await writing.add(part)
        return None

    async def _call(self, tenant: Tenant) -> Call:
        row = await find_file_context(self._database, tenant)
        key = key_of_nobody(tenant, row["merchant_id"], row["mode"], row["clock_offset_seconds"], row["time_zone"])
        return Call(key=key, name="", query=None, idempotency_key=None, database=self._database, feed=self._feed)


async def _hold(writing: Writing) -> None:
    while True:
        await asyncio.sleep(HOLD_SECONDS)
        await writing.hold()
