"""Group commit: requests that arrive while others are being committed go through one transaction together.

    submit ──► queue ──► a group (of one cell, claims free) ──► carry out · commit ──► each gets its own answer
                 ▲                                                │
                 └── whoever's claim is taken waits here          ├─ another was first → once more, under locks
                                                                  └─ it fails → one by one

Nothing waits for a timer: a quiet server makes groups of one, at once; a busy one makes larger groups by itself.
Nothing is answered before its transaction is committed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from dues.db.database import Database
from dues.db.errors import Conflict, Contradiction, LockTimeout, Unavailable
from dues.domain.tenants import Tenant
from dues.work.line import Busy, Line
from dues.work.queue import Job, Waiting
from dues.work.work import Claim, Work, clock_offsets_of

GROUPS_IN_FLIGHT: Final = 2
"""Of one cell. While PostgreSQL flushes one group, the next is decided. More only make the groups smaller."""

WAIT_SECONDS: Final = 8.0
"""How long a request may wait for its turn before its client is told to come back."""

SWEEP_SECONDS: Final = 0.25
"""How often is looked for those who waited too long: a timer for each would cost more than the look."""

ATTEMPTS_MAX: Final = 8
"""Each attempt reads what beat the one before, so more than two need several rivals in a row."""

CAUTIOUS_SECONDS: Final = 1.0
"""For so long after a conflict what it was about is locked at the first attempt: another process is at it, too."""

IMPATIENT_SECONDS: Final = 0.1
"""How long each of a group waits for a lock that the group has waited for in vain. All behind it wait for it."""


class Failed(Exception):
    """Given in the place of an answer: this one alone cannot be decided, and nothing of it was done."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Later(Exception):
    """Raised by a job that cannot be decided beside those before it: it goes first in the next group."""


CarryOut = Callable[[Work, Sequence[Any]], Awaitable[Sequence[Any]]]
"""Reads, decides and writes for a whole group; one answer for each job, in order."""


class GroupCommit:
    """Runs jobs in groups, at most `groups_in_flight` of a cell and `groups_max` in all at a time."""

    def __init__(
        self,
        database: Database,
        carry_out: CarryOut,
        *,
        groups_in_flight: int = GROUPS_IN_FLIGHT,
        groups_max: int = GROUPS_IN_FLIGHT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        observe: Callable[[str, int], None] = lambda command, size: None,
        committed: Callable[[Iterable[Tenant]], None] = lambda tenants: None,
        conflicted: Callable[[str], None] = lambda command: None,
    ) -> None:
        self._database = database
        self._carry_out = carry_out
        self._groups_max = groups_max
        self._now = now
        self.observe = observe
        self._committed = committed
        self._conflicted = conflicted
        self._lines: dict[int, Line] = {}
        self._groups_in_flight = groups_in_flight
        self._groups: set[asyncio.Task[None]] = set()
        self._gathering = False
        self._sweeping = False
        self._cautious: dict[Claim, float] = {}

    async def submit(self, job: Job) -> tuple[Any, int]:
        """The answer to a job, once it is durable, and how many its group had.

        Raises Busy, Unavailable, or whatever was raised for this job alone.
        """
        loop = asyncio.get_running_loop()
        waiting = Waiting(job, loop.create_future(), loop.time() + WAIT_SECONDS)
        line = self._lines.get(job.tenant.cell) or self._lines.setdefault(job.tenant.cell, Line())
        line.queue.put(waiting)
        line.asked(job.tenant, loop.time())
        self._gather(loop)
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(SWEEP_SECONDS, self._sweep)
        return await waiting.answer, waiting.group_size

    async def drain(self) -> None:
        """Returns when nothing is pending and nothing is in work."""
        while self._groups or self._gathering or any(line.queue for line in self._lines.values()):
            await (asyncio.wait(self._groups) if self._groups else asyncio.sleep(0.001))

    def _gather(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._gathering and len(self._groups) < self._groups_max:
            # After this turn of the loop, so that what arrived together goes together.
            self._gathering = True
            loop.call_soon(self._start_groups)

    def _start_groups(self) -> None:
        self._gathering = False
        started = True
        while started and len(self._groups) < self._groups_max:
            started = False
            # Cells in turn, like tenants within each.
            for number, line in list(self._lines.items()):
                if len(self._groups) >= self._groups_max:
                    break
                if line.in_flight < self._groups_in_flight and (group := line.next_group()):
                    self._lines[number] = self._lines.pop(number)
                    self._groups.add(asyncio.create_task(self._run_group(number, line, group)))
                    started = True

    async def _run_group(self, number: int, line: Line, group: Sequence[Waiting]) -> None:
        try:
            await self._answer(line, group)
        finally:
            line.end_group(group)
            # Here, and not when the task is done: whoever is started next must see this slot free, or nobody starts.
            self._groups.discard(cast("asyncio.Task[None]", asyncio.current_task()))
            self._gather(asyncio.get_running_loop())

    async def _answer(self, line: Line, group: Sequence[Waiting], *, patient: bool = True) -> Exception | None:
        """Gives everybody their answer or their exception; what went wrong, if nobody of the group was carried out."""
        self.observe(group[0].job.name, len(group))
        try:
            answers = await self.attempt([waiting.job for waiting in group], patient=patient)
        except Exception as error:
            if len(group) == 1 or isinstance(error, Unavailable):
                for waiting in group:
                    _refuse(waiting, explained(error))
            else:
                await self._answer_one_by_one(line, group, patient=not isinstance(error, LockTimeout))
            return error
        for waiting, answer in zip(reversed(group), reversed(answers), strict=True):
            waiting.group_size = len(group)
            if isinstance(answer, Failed) and isinstance(answer.error, Later):
                line.queue.put_first(waiting)
            elif isinstance(answer, Failed):
                _refuse(waiting, answer.error)
        for waiting, answer in zip(group, answers, strict=True):
            if not isinstance(answer, Failed) and not waiting.answer.done():
                waiting.answer.set_result(answer)
        return None

    async def _answer_one_by_one(self, line: Line, group: Sequence[Waiting], *, patient: bool) -> None:
        """Finds out who of a group that failed is guilty. What was held too long for one is so for whoever names it."""
        held: set[Claim] = set()
        for waiting in group:
            if not held.isdisjoint(waiting.job.claims):
                _refuse(waiting, explained(LockTimeout()))
            elif waiting.gives_up_at <= asyncio.get_running_loop().time():
                _refuse(waiting, Unavailable("too many requests are waiting"))
            elif isinstance(await self._answer(line, [waiting], patient=patient), LockTimeout):
                held |= waiting.job.claims

    async def attempt(
        self, jobs: Sequence[Job], carry_out: CarryOut | None = None, *, patient: bool = True
    ) -> Sequence[Any]:
        """Carries jobs of one cell out in one transaction, by `carry_out` where that is another than that of groups;
        again as long as another process, or another transaction of this one, was first. Their answers.

        Raises whatever is raised in it; what was raised for one of them alone is Failed.
        """
        requests = [cast(Any, job).request for job in jobs]
        for attempt in range(1, ATTEMPTS_MAX + 1):
            cautious = attempt > 1 or self._is_cautious(jobs)
            try:
                async with self._database.transaction(jobs[0].tenant.cell) as tx:
                    if not patient:
                        await tx.wait_at_most(IMPATIENT_SECONDS)
                    work = Work(tx, self._now(), clock_offsets_of(requests), cautious)
                    answers = await (carry_out or self._carry_out)(work, jobs)
                    assert carry_out or len(answers) == len(jobs), "one answer each"
                    await tx.commit()
                    self._committed({job.tenant for job in jobs})
                    return answers
            except (Conflict, Contradiction) as error:
                self._take_care(jobs)
                if attempt == ATTEMPTS_MAX or (cautious and isinstance(error, Contradiction)):
                    raise
                await asyncio.sleep(0.001 * (attempt - 1))
        raise AssertionError("unreachable")

    def _is_cautious(self, jobs: Sequence[Job]) -> bool:
        if not self._cautious:
            return False
        now = asyncio.get_running_loop().time()
        self._cautious = {claim: until for claim, until in self._cautious.items() if until > now}
        return any(not self._cautious.keys().isdisjoint(job.claims) for job in jobs)

    def _take_care(self, jobs: Sequence[Job]) -> None:
        self._conflicted(jobs[0].name)
        until = asyncio.get_running_loop().time() + CAUTIOUS_SECONDS
        for job in jobs:
            self._cautious.update(dict.fromkeys(job.claims, until))

    def _sweep(self) -> None:
        """Ends waits that have lasted too long; what has started is left to finish."""
        loop = asyncio.get_running_loop()
        self._sweeping = False
        for line in self._lines.values():
            for waiting in [one for one in line.queue if one.gives_up_at <= loop.time()]:
                line.queue.remove(waiting)
                _refuse(waiting, line.why_not(waiting))
            self._sweeping |= bool(line.queue)
        if self._sweeping:
            loop.call_later(SWEEP_SECONDS, self._sweep)


def explained(error: Exception) -> Exception:
    """What a client can act on: somebody holds what it needs, or others were first too often in a row."""
    match error:
        case LockTimeout():
            return Busy("somebody else holds what it needs")
        case Conflict():
            return Unavailable("others were first, again and again")
        case _:
            return error


def _refuse(waiting: Waiting, error: Exception) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)
