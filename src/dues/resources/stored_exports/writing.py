"""A file that is kept, a mebibyte at a time, by whoever holds the lease of its job."""

from datetime import UTC, datetime
from typing import Literal

from msgspec import structs

from dues.db.database import Database
from dues.jobs.chunks.store import CHUNK_BYTES, insert_chunk
from dues.jobs.store import HELD, Job, JobError, save_progress


class Writing:
    """Keeps the bytes of a file, and holds the lease meanwhile."""

    def __init__(self, database: Database, holder: str, job: Job) -> None:
        self._database, self._holder, self._job = database, holder, job
        self._rest, self._number, self._rows = bytearray(), 0, 0

    def observe(self, rows: int) -> None:
        """So many rows are made."""
        self._rows = rows

    async def add(self, part: bytes) -> None:
        """More of it."""
        self._rest += part
        while len(self._rest) >= CHUNK_BYTES:
            await self._keep(bytes(self._rest[:CHUNK_BYTES]))
            del self._rest[:CHUNK_BYTES]

    async def end(self, status: Literal["completed", "failed"], error: JobError | None) -> Job:
        """There is no more."""
        if self._rest and error is None:
            await self._keep(bytes(self._rest))
        now = datetime.now(UTC)
        return await self._save(structs.replace(self._job, status=status, error=error, completed_at=now), None)

    async def hold(self) -> None:
        """It takes longer than a lease lasts."""
        self._job = await self._save(self._job, datetime.now(UTC) + HELD)

    async def _keep(self, data: bytes) -> None:
        # Whoever lost the lease must not write beside whoever has it.
        moved = structs.replace(self._job, rows_total=self._rows, read_to=self._job.read_to + len(data))
        self._job = await self._save(moved, datetime.now(UTC) + HELD)
        await insert_chunk(self._database, self._job, self._number, data)
        self._number += 1

    async def _save(self, job: Job, until: datetime | None) -> Job:
        async with self._database.transaction(job.tenant.cell) as tx:
            saved = await save_progress(tx, job, self._holder, datetime.now(UTC), until)
            await tx.commit()
        return saved
