"""The second half of an import: its rows are applied, a group at a time, in their order.

  group 1   read ─ decide ─ write, commit
  group 2                    read ─ decide ─ · ─ write, commit
                                             └─ not before group 1 is committed

While PostgreSQL writes one group, the next is decided. That it is decided on what was before changes nothing, since it
is kept only where it names nothing that the one before it made or changed; else it is decided once more, in its turn.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from msgspec import structs

from dues.commands.carry_out import Group
from dues.commands.job import Job as CommandJob
from dues.commands.questions import Named
from dues.db.database import Database
from dues.db.errors import Conflict, Contradiction, Transient
from dues.db.transaction import Transaction
from dues.jobs.store import Job, JobError, Lost
from dues.resources.imports import store
from dues.resources.imports.input import ImportInput
from dues.resources.imports.rows.groups import Reader, RowGroup, counted
from dues.resources.imports.rows.put import PUT_ACCOUNTS, PUT_CUSTOMERS
from dues.resources.imports.rows.tries import Tries
from dues.resources.imports.store import Judged
from dues.tenants.file_context.store import find_file_context
from dues.work.work import Work

_log = structlog.get_logger()

ATTEMPTS_MAX: Final = 8

Name = tuple[str, str]
"""A noun, and what one of them is called."""


class NamedBeforeError(Exception):
    """A group that was decided ahead names what the one before it made or changed, so that was too early."""


@dataclass
class _Ahead:
    """A group that is under way while the one before it is written. `changed` is what that one makes or changes;
    `before` is told how far the import is once it is committed. `group` None: there is no further row, or it is not
    read yet."""

    changed: set[Name]
    before: "asyncio.Future[Job]"
    group: RowGroup | None = None
    task: "asyncio.Task[Job | None] | None" = field(default=None, repr=False)


@dataclass(frozen=True)
class Applied:
    """What the process that carries imports out lends: how a job is saved (given whether it is over), what time it is,
    and who is told whose data was written."""

    save: Callable[..., Any]
    now: Callable[[], datetime]
    committed: Callable[[Iterable[int]], None]


class Applying:
    """One import that is applied."""

    def __init__(
        self, database: Database, group: Group, lent: Applied, wanted: ImportInput, tries: Tries | None
    ) -> None:
        self._database, self._group, self._lent = database, group, lent
        self._wanted, self._tries = wanted, tries
        self._at_once = 1
        self._reader = Reader(database, wanted)
        self._ahead: _Ahead | None = None

    async def next(self, job: Job, at_once: int) -> Job | None:
        """Applies the rows behind the job's position, some of them; how far it is then. None: there were no more.

        What is begun from here on is `at_once` rows."""
        self._at_once = at_once
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            group = await self._find(job)
            return await self._carry_out(group) if group else None
        assert ahead.task
        ahead.before.set_result(job)
        try:
            return await ahead.task
        except (Transient, Lost):
            raise
        except Exception:
            if ahead.group is None:
                raise
            # What was in its way is met again, or is gone, where it is carried out in its turn.
            ahead.group.job = job
            return await self._carry_out(ahead.group)

    async def close(self) -> None:
        """Nothing more is read or decided."""
        await self._drop_ahead()
        await self._reader.close()

    async def _drop_ahead(self) -> None:
        """Nothing comes of the group that is under way: it waits for one that is not committed."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.task is not None:
            ahead.task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await ahead.task

    async def _find(self, job: Job) -> RowGroup | None:
        window = await store.find_window(self._database, job, self._at_once)
        return RowGroup(job, self._wanted, window, self._reader) if window else None

    # One group after the other -----------------------------------------------------------------------------------

    def _look_ahead(self, group: RowGroup, jobs: Sequence[CommandJob]) -> None:
        """Begins the group behind one that is about to be written."""
        if self._wanted.apply == "all_or_nothing":
            return
        behind = structs.replace(group.job, position=group.window.line, read_to=group.window.ends_at)
        changed = {(one.kind.noun, one.name) for one in _named(jobs) if one.changes}
        self._ahead = ahead = _Ahead(changed, asyncio.get_running_loop().create_future())
        # Unless little of it is likely to be needed, all of it is read.
        ahead.task = asyncio.create_task(self._go_ahead(ahead, behind, 2 * len(group.waiting) > group.window.rows))

    async def _go_ahead(self, ahead: _Ahead, behind: Job, reads: bool) -> Job | None:
        ahead.group = group = await self._find(behind)
        if group is None:
            return None
        if reads:
            await group.read()
        return await self._attempt(group, ahead=ahead)

    async def _carry_out(self, group: RowGroup) -> Job:
        """Everything of a group in one transaction, again as long as another process was first."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            cautious = attempt > 1
            try:
                return await self._attempt(group, cautious=cautious)
            except (Conflict, Contradiction) as error:
                if attempt == ATTEMPTS_MAX or (cautious and isinstance(error, Contradiction)):
                    raise
            except (Transient, Lost):
                raise
            except Exception as error:
                if group.suspects is None:
                    # One row is guilty. Nothing of the others is to be lost by it.
                    _log.warning("import_group_failed", import_id=group.job.id, kind=type(error).__name__)
                    await self._find_suspects(group)
                    return await self._carry_out(group)
                raise
        raise AssertionError("unreachable")

    async def _find_suspects(self, group: RowGroup) -> None:
        """Finds out which rows cannot be carried out, by asking for each alone."""
        group.suspects = set()
        for row in list(group.waiting):
            async with self._database.transaction(group.job.tenant.cell) as tx:
                try:
                    jobs, _ = await group.jobs([row])
                    context = await find_file_context(self._database, group.job.tenant)
                    await self._group.carry_out(self._work(tx, group.job, context, cautious=True), jobs)
                except (Transient, Conflict):
                    raise
                except Exception:
                    group.suspects.add(row.line)

    def _work(self, tx: Transaction, job: Job, context: Any, *, cautious: bool) -> Work:
        return Work(tx, self._lent.now(), {job.tenant: context["clock_offset_seconds"]}, cautious)

    async def _attempt(self, group: RowGroup, *, cautious: bool = False, ahead: _Ahead | None = None) -> Job:
        job, wanted = group.job, self._wanted
        context = await find_file_context(self._database, job.tenant)
        async with self._database.transaction(job.tenant.cell) as tx:
            unchanged = await store.mark_unchanged(tx, job, group.window.line, wanted.namespace)
            group.waiting = await store.find_waiting(tx, job, group.window.line, wanted.namespace)
            jobs, judged = await group.jobs(group.waiting)
            if ahead is not None and not self._may_be_early(jobs):
                job, ahead = await ahead.before, None
            answers = await self._decide(self._work(tx, job, context, cautious=cautious), jobs)
            judged += group.judge(answers)
            store.save_verdicts(tx, job, judged)
            if self._tries is None:
                tx.write(store.SAVE_IMPORTED, group.imported(judged))
                tx.write(store.SAVE_IDENTITIES, group.identities(answers, context["identity_key"]))
            if ahead is not None:
                job = await ahead.before
                if not ahead.changed.isdisjoint((one.kind.noun, one.name) for one in _named(jobs)):
                    raise NamedBeforeError
            counts = counted(job, group.window.rows, unchanged, len(group.waiting), judged)
            moved = structs.replace(job, counts=counts, position=group.window.line, read_to=group.window.ends_at)
            is_refused = wanted.apply == "all_or_nothing" and any(counts.get(bad) for bad in ("rejected", "conflict"))
            if not is_refused:
                saved: Job = await self._lent.save(tx, moved)
                self._look_ahead(group, jobs)
                try:
                    await tx.commit()
                except BaseException:
                    await self._drop_ahead()
                    raise
        if is_refused:
            return await self._refuse(group, moved, judged)
        if self._tries is None:
            self._lent.committed([job.tenant.id])
        return saved

    def _may_be_early(self, jobs: Sequence[CommandJob]) -> bool:
        """Whether these may be decided before those before them are written: they ask for nothing but what they name.
        (A payment's bill says whose it is, and that is asked too.)"""
        return self._tries is None and all(job.command is PUT_CUSTOMERS or job.command is PUT_ACCOUNTS for job in jobs)

    async def _decide(self, work: Work, jobs: Sequence[CommandJob]) -> list[Any]:
        if self._tries is None:
            return await self._group.carry_out(work, jobs)
        async with self._database.transaction(work.tx.cell) as never_committed:
            return await self._tries.decide(self._group, structs.replace(work, tx=never_committed), jobs)

    async def _refuse(self, group: RowGroup, moved: Job, judged: Sequence[Judged]) -> Job:
        """Some rows are no good, so nothing is done; which they are is kept."""
        bad = [one for one in judged if one.verdict in ("rejected", "conflict")]
        detail = "Some rows were refused, so none was carried out: result.csv?verdict=rejected has them."
        async with self._database.transaction(moved.tenant.cell) as tx:
            store.save_verdicts(tx, group.job, bad)
            kept = {verdict: count for verdict, count in moved.counts.items() if verdict in ("rejected", "conflict")}
            failed = structs.replace(moved, counts=kept, status="failed", error=JobError("rows_rejected", detail))
            saved: Job = await self._lent.save(tx, failed, is_over=True)
            await tx.commit()
        return saved


def _named(jobs: Sequence[CommandJob]) -> Iterator[Named]:
    return (question for job in jobs for question in job.questions if isinstance(question, Named))
