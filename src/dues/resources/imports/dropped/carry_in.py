"""A file that was taken out of the drop folder, on its way to its result: whoever comes next goes on where it stood.

taken ──► import received ──► import over ──► result in `out` ──► `done`
   └── refused ──► `rejected`

The token that it was taken under is the import's idempotency key, so whoever is killed between receiving it and noting
that does not have it received again.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import BinaryIO, Final

import msgspec
import structlog

from dues.db.database import Database
from dues.domain.actors import SYSTEM
from dues.domain.fields import plain_text
from dues.domain.files.packing import unpacked
from dues.domain.files.verdicts import FILE_CODES, FileRefusedError
from dues.domain.refusals import Refusal
from dues.domain.tenants import Tenant
from dues.jobs.chunks.store import forget_job
from dues.jobs.store import UNDER_WAY, Job, find_job, find_job_by_key
from dues.resources.imports.dropped.folder import Changed, Folder, stamp_of
from dues.resources.imports.dropped.names import shown
from dues.resources.imports.query import ImportQuery
from dues.resources.imports.receive import take_in
from dues.resources.imports.result import result_csv

READ_BYTES: Final = 1 << 20

_log = structlog.get_logger()


class CarryIn:
    """Carries files of one tenant in. `called` is how its folder is called, `mer_…/test`."""

    def __init__(self, database: Database, tenant: Tenant, called: str, keep: timedelta) -> None:
        self._database = database
        self._tenant = tenant
        self._called = called
        self._keep = keep

    async def carry(self, folder: Folder, token: str) -> bool:
        """Takes a file as far as it goes now; whether it is over. Raises OSError, Changed, Unavailable and Lost."""
        name = folder.name_of(token)
        if name is None:  # whoever had it was killed before it came, or after it went
            folder.forget(token)
            return True
        try:
            job = await self._import_of(folder, token, name)
        except FileRefusedError as error:
            self._reject(folder, token, name, error)
            return True
        if job and job.status in UNDER_WAY:
            return False
        if job:
            with folder.result(token, name) as file:
                async for part in result_csv(self._database, job, None):
                    file.write(part)
        folder.finish(token, name)
        rows = dict(job.counts) if job else {}
        status = job.status if job else "forgotten"
        self._say("drop_file_done", name, import_id=job and job.id, status=status, rows=rows)
        return True

    async def _import_of(self, folder: Folder, token: str, name: str) -> Job | None:
        """The import that it is, received now if it was not; None where that is so long ago that it was forgotten."""
        if known := folder.import_of(token):
            return await find_job(self._database, self._tenant, known)
        job = await find_job_by_key(self._database, self._tenant, _key(token))
        if job and job.status == "receiving":
            # Whoever received it was killed, for the folder is ours: the rest of that never comes.
            await forget_job(self._database, self._tenant, job.id)
            job = None
        if job is None:
            job = await self._receive(folder, token, name)
        folder.note_import(token, job.id)
        self._say("drop_file_taken", name, import_id=job.id)
        return job

    async def _receive(self, folder: Folder, token: str, name: str) -> Job:
        if shown(name) != name or any(plain_text(name)):
            raise FileRefusedError("file_name_unrecognised", "The name of the file is no plain text in UTF-8.")
        with folder.open_taken(token, name) as file:
            data = _bytes_of(file)
            if name.lower().endswith(".gz"):
                data = unpacked(data)
            asked = ImportQuery(file_name=name)
            received = await take_in(self._database, self._tenant, asked, data, SYSTEM, _key(token), self._keep)
        assert not isinstance(received, Refusal), "nobody else has its key"
        return received.job

    def _reject(self, folder: Folder, token: str, name: str, error: FileRefusedError) -> None:
        meaning = FILE_CODES[error.code]
        why = {"file_name": shown(name), "code": error.code, "detail": error.detail, "what_to_do": meaning.do}
        folder.reject(token, name, msgspec.json.format(msgspec.json.encode(why), indent=2) + b"\n")
        self._say("drop_file_refused", name, level="warning", code=error.code)

    def _say(self, event: str, name: str, *, level: str = "info", **more: object) -> None:
        getattr(_log, level)(event, folder=self._called, file=shown(name), **more)


def _key(token: str) -> str:
    return f"drop-folder-{token}"


async def _bytes_of(file: BinaryIO) -> AsyncIterator[bytes]:
    """What is in a file. Raises Changed where somebody still writes to it."""
    before = stamp_of(os.fstat(file.fileno()))
    while part := await asyncio.to_thread(file.read, READ_BYTES):
        yield part
    if stamp_of(os.fstat(file.fileno())) != before:
        raise Changed(0, "it is still being written")
