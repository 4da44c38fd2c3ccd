"""Carries an import out, by whoever holds its lease: its rows are looked at, then applied a group at a time.

receiving ──► checking ──► applying ──► completed
                              │ stop          ▲
                              └──► stopped    └── what a group did, its verdicts and the position are one transaction

Whoever takes it over after a crash goes on at the position. A dry run decides by the same commands, and writes nothing
but verdicts.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Final

import structlog
from msgspec import structs

from dues.commands.carry_out import Group
from dues.db.database import Database
from dues.db.errors import Conflict, Contradiction, Transient
from dues.db.statistics import analyze
from dues.db.transaction import Transaction
from dues.events.store import insert_events
from dues.jobs.leases.store import is_any_free
from dues.jobs.store import HELD, Job, JobError, Lost, save_progress
from dues.resources.imports import store
from dues.resources.imports.check import after, key_column, records_from, staged
from dues.resources.imports.input import ImportInput, input_of
from dues.resources.imports.rows.groups import RowGroup, counted
from dues.resources.imports.rows.tries import Tries
from dues.resources.imports.rows.windows import Windows
from dues.resources.imports.store import Judged
from dues.resources.imports.wire import completed
from dues.resources.kinds import KINDS
from dues.tenants.file_context.store import find_file_context
from dues.work.work import Work

_log = structlog.get_logger()
CHECKED_AT_ONCE: Final = 5_000
GROUP_ROWS: Final = 1_000  # larger transactions are not faster, and hold what they change for longer
ROWS_AT_ONCE_MAX: Final = 10_000  # whole or not at all
ATTEMPTS_MAX: Final = 8
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
        rows: list[store.StagedRow] = []
        async with aclosing(records_from(self._database, job, wanted, job.position, job.read_to)) as records:
            async for record in records:
                rows.append(staged(record, wanted))
                if len(rows) == CHECKED_AT_ONCE:
                    job = await self._keep(job, wanted, rows)
                    rows = []
                    if job.is_to_stop:
                        return await self._end(job, "stopped")
        if rows:
            job = await self._keep(job, wanted, rows)
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

    async def _keep(self, job: Job, wanted: ImportInput, rows: Sequence[store.StagedRow]) -> Job:
        async with self._database.transaction(job.tenant.cell) as tx:
            await store.insert_staged(tx, job, rows, key_column(wanted))
            job = await self._save(tx, after(job, rows))
            await tx.commit()
        return job

    # Applying --------------------------------------------------------------------------------------------------

    async def _apply(self, job: Job, wanted: ImportInput) -> Job:
        at_once = ROWS_AT_ONCE_MAX if wanted.apply == "all_or_nothing" else self._group_rows
        windows = Windows(self._database, wanted, at_once)
        tries = self._tries.pop(job.id, None) if wanted.dry_run else None
        if wanted.dry_run and tries is None:
            tries = Tries(wanted.kind)
            job = await self._from_the_beginning(job, wanted)
        turn_ends = monotonic() + TURN_SECONDS
        try:
            while group := await windows.next(job):
                job = await self._carry_out(windows, group, tries)
                if job.status == "failed":
                    return job
                if job.is_to_stop:
                    return await self._end(job, "stopped")
                if monotonic() > turn_ends and await is_any_free(self._database, job.tenant.cell, self._now()):
                    return await self._put_down(job, tries)
        finally:
            await windows.close()
        return await self._end(job, "completed")

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

    async def _carry_out(self, windows: Windows, group: RowGroup, tries: Tries | None) -> Job:
        """Everything of a group in one transaction, again as long as another process was first."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            cautious = attempt > 1
            try:
                return await self._attempt(windows, group, tries, cautious=cautious)
            except (Conflict, Contradiction) as error:
                if attempt == ATTEMPTS_MAX or (cautious and isinstance(error, Contradiction)):
                    raise
            except (Transient, Lost):
                raise
            except Exception as error:
                if group.suspects is None:
                    # One row is guilty. Nothing of the others is to be lost by it.
                    _log.warning("import_group_failed", import_id=group.job.id, kind=type(error).__name__)
                    return await self._one_by_one(windows, group, tries)
                raise
        raise AssertionError("unreachable")

    async def _one_by_one(self, windows: Windows, group: RowGroup, tries: Tries | None) -> Job:
        """Finds out which rows cannot be carried out, by asking for each alone; then all others."""
        group.suspects = set()
        for row in list(group.waiting):
            async with self._database.transaction(group.job.tenant.cell) as tx:
                try:
                    jobs, _ = await group.jobs([row])
                    await self._group.carry_out(await self._work(tx, group.job, cautious=True), jobs)
                except (Transient, Conflict):
                    raise
                except Exception:
                    group.suspects.add(row.line)
        return await self._carry_out(windows, group, tries)

    async def _work(self, tx: Transaction, job: Job, *, cautious: bool) -> Work:
        context = await find_file_context(self._database, job.tenant)
        return Work(tx, self._now(), {job.tenant: context["clock_offset_seconds"]}, cautious)

    async def _attempt(self, windows: Windows, group: RowGroup, tries: Tries | None, *, cautious: bool) -> Job:
        job, wanted = group.job, group.wanted
        context = await find_file_context(self._database, job.tenant)
        async with self._database.transaction(job.tenant.cell) as tx:
            unchanged = await store.mark_unchanged(tx, job, group.window.line, wanted.namespace)
            group.waiting = await store.find_waiting(tx, job, group.window.line, wanted.namespace)
            jobs, judged = await group.jobs(group.waiting)
            now, offsets = self._now(), {job.tenant: context["clock_offset_seconds"]}
            work = Work(tx, now, offsets, cautious)
            if tries is None:
                answers = await self._group.carry_out(work, jobs)
            else:
                async with self._database.transaction(job.tenant.cell) as never_committed:
                    trial = Work(never_committed, now, offsets)
                    answers = await tries.decide(self._group, trial, jobs)
            judged += group.judge(answers)
            counts = counted(job, group.window.rows, unchanged, len(group.waiting), judged)
            moved = structs.replace(job, counts=counts, position=group.window.line, read_to=group.window.ends_at)
            if wanted.apply == "all_or_nothing" and any(counts.get(bad) for bad in ("rejected", "conflict")):
                return await self._refuse(group, moved, judged)
            store.save_verdicts(tx, job, judged)
            if tries is None:
                tx.write(store.SAVE_IMPORTED, group.imported(judged))
                identities = group.identities(answers, context["identity_key"])
                tx.write(store.SAVE_IDENTITIES, identities)
            saved = await self._save(tx, moved)
            windows.look_ahead(group)
            await tx.commit()
        if tries is None:
            self._committed([job.tenant.id])
        return saved

    async def _refuse(self, group: RowGroup, moved: Job, judged: Sequence[Judged]) -> Job:
        """Some rows are no good, so nothing is done; which they are is kept."""
        bad = [one for one in judged if one.verdict in ("rejected", "conflict")]
        detail = "Some rows were refused, so none was carried out: result.csv?verdict=rejected has them."
        async with self._database.transaction(moved.tenant.cell) as tx:
            store.save_verdicts(tx, group.job, bad)
            kept = {verdict: count for verdict, count in moved.counts.items() if verdict in ("rejected", "conflict")}
            failed = structs.replace(moved, counts=kept, status="failed", error=JobError("rows_rejected", detail))
            saved = await self._save(tx, failed, is_over=True)
            await tx.commit()
        return saved

    async def _end(self, job: Job, status: Any, error: JobError | None = None) -> Job:
        over = structs.replace(job, status=status, error=error)
        async with self._database.transaction(job.tenant.cell) as tx:
            saved = await self._save(tx, over, is_over=True)
            if status == "completed":
                work = await self._work(tx, job, cautious=False)
                insert_events(work, [completed(saved, work.now_of(job.tenant))])
            await tx.commit()
        self._committed([job.tenant.id])
        return saved

    async def _save(self, tx: Transaction, job: Job, *, is_over: bool = False) -> Job:
        now = self._now()
        job = structs.replace(job, completed_at=now) if is_over else job
        return await save_progress(tx, job, self._holder, now, None if is_over else now + HELD)
