"""Carries an import out, by whoever holds its lease: its rows are looked at, then applied a group at a time.

receiving ──► checking ──► applying ──► completed
                              │ stop          ▲
                              └──► stopped    └── what a group did, its verdicts and the position are one transaction

Whoever takes it over after a crash goes on at the position. A dry run decides by the same commands, and writes nothing
but verdicts.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Final

from msgspec import structs

from dues.commands.carry_out import Group
from dues.db.database import Database
from dues.db.sessions import is_writing
from dues.db.statistics import analyze
from dues.db.transaction import Transaction
from dues.events.store import insert_events
from dues.jobs.leases.store import is_any_free
from dues.jobs.store import HELD, Job, JobError, save_progress
from dues.resources.imports import store
from dues.resources.imports.applying import Applied, Applying
from dues.resources.imports.check import after, key_column, records_from, staged
from dues.resources.imports.input import ImportInput, input_of
from dues.resources.imports.rows.tries import Tries
from dues.resources.imports.wire import completed
from dues.resources.kinds import KINDS
from dues.tenants.file_context.store import find_file_context
from dues.work.work import Work

CHECKED_AT_ONCE: Final = 5_000
LOOKED_AT_ONCE: Final = 100
"""After so many rows it is seen to whether PostgreSQL has answered."""
GROUP_ROWS: Final = 1_000  # larger transactions are not faster, and hold what they change for longer
GROUP_ROWS_BESIDE: Final = 200
"""While servers write: what a group writes goes to the disk at once, and whoever commits then waits for it. The p99 of
creates beside an import was 2.5 times what it is alone with groups of 1,000 rows, and 1.4 times with these."""
ROWS_AT_ONCE_MAX: Final = 10_000  # whole or not at all
TURN_SECONDS: Final = 2.0  # while others wait: a small file is not kept waiting by a large one


class Carrier:
    """Carries out imports in one process. `committed` is told whose data was written."""

    def __init__(
        self,
        database: Database,
        holder: str,
        *,
        group_rows: int = GROUP_ROWS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        committed: Callable[[Iterable[int]], None] = lambda tenants: None,
    ) -> None:
        self._database = database
        self._holder = holder
        self._group = Group(KINDS, timedelta(0))
        self._group_rows = group_rows
        self._now = now
        self._committed = committed
        self._tries: dict[str, Tries] = {}

    async def run(self, job: Job) -> Job:
        """Carries it on to its end, or until it is to stop; the job as it is then. Raises Lost, and Unavailable."""
        wanted = input_of(job)
        if job.is_to_stop:
            return await self._end(job, "stopped")
        if job.status == "checking":
            job = await self._check(job, wanted)
        if job.status == "applying":
            job = await self._apply(job, wanted)
        return job

    # Checking --------------------------------------------------------------------------------------------------

    async def _check(self, job: Job, wanted: ImportInput) -> Job:
        if job.position == 0:
            job = structs.replace(job, position=wanted.header_line, read_to=wanted.header_ends_at)
        writing: asyncio.Task[Job] | None = None
        try:
            async with aclosing(self._staged(job, wanted)) as parts:
                async for rows in parts:  # while those before them are written
                    job = await writing if writing else job
                    if job.is_to_stop:
                        break
                    writing = asyncio.create_task(self._keep(job, wanted, rows))
            job = await writing if writing else job
        finally:
            if writing is not None:
                await asyncio.wait([writing])
        if job.is_to_stop:
            return await self._end(job, "stopped")
        if wanted.apply == "all_or_nothing" and job.rows_total > ROWS_AT_ONCE_MAX:
            detail = f"The file has {job.rows_total:,} rows; whole or not at all is for {ROWS_AT_ONCE_MAX:,} at most."
            return await self._end(job, "failed", JobError("too_many_rows_at_once", detail))
        # Its rows are joined by their lines: what was staged in seconds is unknown to the planner until somebody looks.
        await analyze(self._database, "import_rows")
        job = structs.replace(job, status="applying", position=wanted.header_line, read_to=wanted.header_ends_at)
        async with self._database.transaction(job.tenant.cell) as tx:
            job = await self._save(tx, job)
            await tx.commit()
        return job

    async def _staged(self, job: Job, wanted: ImportInput) -> AsyncGenerator[list[store.StagedRow], None]:
        rows: list[store.StagedRow] = []
        async with aclosing(records_from(self._database, job, wanted, job.position, job.read_to)) as records:
            async for record in records:
                rows.append(staged(record, wanted))
                if len(rows) % LOOKED_AT_ONCE == 0:
                    await asyncio.sleep(0)
                if len(rows) == CHECKED_AT_ONCE:
                    yield rows
                    rows = []
        if rows:
            yield rows

    async def _keep(self, job: Job, wanted: ImportInput, rows: Sequence[store.StagedRow]) -> Job:
        async with self._database.transaction(job.tenant.cell) as tx:
            await store.insert_staged(tx, job, rows, key_column(wanted))
            job = await self._save(tx, after(job, rows))
            await tx.commit()
        return job

    # Applying --------------------------------------------------------------------------------------------------

    async def _apply(self, job: Job, wanted: ImportInput) -> Job:
        is_whole = wanted.apply == "all_or_nothing"
        tries = self._tries.pop(job.id, None) if wanted.dry_run else None
        if wanted.dry_run and tries is None:
            tries = Tries(wanted.kind)
            job = await self._from_the_beginning(job, wanted)
        lent = Applied(self._save, self._now, self._committed)
        applying = Applying(self._database, self._group, lent, wanted, tries)
        turn_ends = monotonic() + TURN_SECONDS
        try:
            while applied := await applying.next(job, ROWS_AT_ONCE_MAX if is_whole else await self._rows_at_once()):
                job = applied
                if job.status == "failed":
                    return job
                if job.is_to_stop:
                    return await self._end(job, "stopped")
                if monotonic() > turn_ends and await is_any_free(self._database, job.tenant.cell, self._now()):
                    return await self._put_down(job, tries)
        finally:
            await applying.close()
        return await self._end(job, "completed")

    async def _rows_at_once(self) -> int:
        """How many rows go together: fewer while somebody waits for a commit."""
        if self._group_rows > GROUP_ROWS_BESIDE and await is_writing(self._database):
            return GROUP_ROWS_BESIDE
        return self._group_rows

    async def _from_the_beginning(self, job: Job, wanted: ImportInput) -> Job:
        """What a dry run knows is in memory: whoever takes one over begins again."""
        if job.position == wanted.header_line:
            return job
        async with self._database.transaction(job.tenant.cell) as tx:
            await store.forget_verdicts(tx, job)
            start = structs.replace(job, position=wanted.header_line, read_to=wanted.header_ends_at, counts={})
            job = await self._save(tx, start)
            await tx.commit()
        return job

    async def _put_down(self, job: Job, tries: Tries | None) -> Job:
        if tries is not None:
            self._tries[job.id] = tries
        async with self._database.transaction(job.tenant.cell) as tx:
            job = await save_progress(tx, job, self._holder, self._now(), None)
            await tx.commit()
        return job

    async def _end(self, job: Job, status: Any, error: JobError | None = None) -> Job:
        over = structs.replace(job, status=status, error=error)
        async with self._database.transaction(job.tenant.cell) as tx:
            saved = await self._save(tx, over, is_over=True)
            if status == "completed":
                context = await find_file_context(self._database, job.tenant)
                work = Work(tx, self._now(), {job.tenant: context["clock_offset_seconds"]})
                insert_events(work, [completed(saved, work.now_of(job.tenant))])
            await tx.commit()
        self._committed([job.tenant.id])
        return saved

    async def _save(self, tx: Transaction, job: Job, *, is_over: bool = False) -> Job:
        now = self._now()
        job = structs.replace(job, completed_at=now) if is_over else job
        return await save_progress(tx, job, self._holder, now, None if is_over else now + HELD)
