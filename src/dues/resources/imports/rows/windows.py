"""The rows of a file, a group after the other: while PostgreSQL writes one, the next is read here."""

import asyncio
from contextlib import suppress

from msgspec import structs

from dues.db.database import Database
from dues.jobs.store import Job
from dues.resources.imports import store
from dues.resources.imports.input import ImportInput
from dues.resources.imports.rows.groups import Reader, RowGroup


class Windows:
    """Gives the groups of an import in order, `at_once` rows each."""

    def __init__(self, database: Database, wanted: ImportInput, at_once: int) -> None:
        self._database, self._wanted, self._at_once = database, wanted, at_once
        self._reader = Reader(database, wanted)
        self._ahead: asyncio.Task[RowGroup | None] | None = None

    async def next(self, job: Job) -> RowGroup | None:
        """The group behind the job's position; None where there is no more."""
        if self._ahead is not None:
            group = await self._ahead
            self._ahead = None
            if group is None or group.job.position == job.position:
                if group is not None:
                    group.job = job
                return group
        return await self._find(job)

    def look_ahead(self, group: RowGroup) -> None:
        """What is behind a group is read meanwhile, unless little of it is likely to be needed. What stands in a row
        depends on nothing that a group before it did."""
        if self._ahead is None and 2 * len(group.waiting) > group.window.rows:
            behind = structs.replace(group.job, position=group.window.line, read_to=group.window.ends_at)
            self._ahead = asyncio.create_task(self._read(behind))

    async def close(self) -> None:
        """Nothing more is read here."""
        if self._ahead is not None:
            self._ahead.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._ahead
        await self._reader.close()

    async def _read(self, job: Job) -> RowGroup | None:
        group = await self._find(job)
        if group is not None:
            await group.read()
        return group

    async def _find(self, job: Job) -> RowGroup | None:
        window = await store.find_window(self._database, job, self._at_once)
        return RowGroup(job, self._wanted, window, self._reader) if window else None
