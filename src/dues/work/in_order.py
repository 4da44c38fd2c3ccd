"""Jobs of one tenant that were sent together, carried out in their order, beside the groups and not through their line.

In the line those behind would not see what those before do, and nobody keeps their order. Here each slice is a
transaction that begins when the one before it is committed; or all of them are one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from weakref import WeakValueDictionary

from dues.db.errors import Conflict, LockTimeout, Unavailable
from dues.domain.tenants import Tenant
from dues.work.group_commit import CarryOut, Failed, GroupCommit, explained
from dues.work.queue import GROUP_COST_MAX, Job
from dues.work.work import Claim, Work

SLICES_IN_FLIGHT: Final = 2
"""In one process. While PostgreSQL flushes one, the next is decided; and as many groups go on beside them."""

AT_A_TIME: Final = 2
"""Batches of one tenant, in one process: what they hold is in memory, and others have their turns at slices too."""

TURN_SECONDS: Final = 10.0
"""How long a batch waits for its turn before its client is told to come back."""


class RefusedError(Exception):
    """One of those that were to be carried out all together was refused, so nothing of any of them was done."""

    def __init__(self, position: int, answer: Any) -> None:
        super().__init__(f"the job at {position} was refused")
        self.position, self.answer = position, answer


class InOrder:
    """Carries out what was sent together. `carry_out` may give fewer answers than there are jobs: the others are to be
    asked for again, once what was done before them is written."""

    def __init__(self, groups: GroupCommit, carry_out: CarryOut, turn_seconds: float = TURN_SECONDS) -> None:
        self._groups = groups
        self._carry_out = carry_out
        self._turn_seconds = turn_seconds
        self._slices = asyncio.Semaphore(SLICES_IN_FLIGHT)
        # A tenant's is kept while one of its batches is under way.
        self._turns: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def turn_of(self, tenant: Tenant) -> AsyncIterator["Together"]:
        """What this tenant sends together, in its turn. It raises Unavailable where that does not come."""
        turn = self._turns.get(tenant.id) or asyncio.Semaphore(AT_A_TIME)
        self._turns[tenant.id] = turn
        try:
            async with asyncio.timeout(self._turn_seconds):
                await turn.acquire()
        except TimeoutError:
            raise Unavailable("too many batches of one tenant wait for their turn") from None
        try:
            yield Together(self._groups, self._carry_out, self._slices)
        finally:
            turn.release()


class Together:
    """What was sent together: carried out slice by slice, or all of it at once."""

    def __init__(self, groups: GroupCommit, carry_out: CarryOut, slices: asyncio.Semaphore) -> None:
        self._groups = groups
        self._carry_out = carry_out
        self._slices = slices
        self._away: Unavailable | None = None
        """Why nothing more is tried: each of a thousand would wait for it."""

    async def each(self, jobs: Sequence[Job]) -> list[Any]:
        """One answer for each, in order, each as if it had been alone; Failed for one that could not be carried out."""
        answers: list[Any] = []
        while len(answers) < len(jobs):
            if self._away:
                return [*answers, *[Failed(self._away)] * (len(jobs) - len(answers))]
            answers += await self._slice(_slice_from(jobs, len(answers)))
        return answers

    async def all(self, jobs: Sequence[Job], is_refused: Callable[[Any], bool]) -> list[Any]:
        """One answer for each, in order, of what was done in one transaction. Raises RefusedError where one is refused
        or cannot be carried out, and whatever is raised for all of them; then nothing is done."""

        async def carry_out(work: Work, jobs: Sequence[Any]) -> list[Any]:
            answers: list[Any] = []
            while len(answers) < len(jobs):
                if answers:
                    await work.tx.flush()
                some = await self._carry_out(work, jobs[len(answers) :])
                for position, answer in enumerate(some, len(answers)):
                    if isinstance(answer, Failed) or is_refused(answer):
                        raise RefusedError(position, answer)
                answers += some
            return answers

        try:
            return list(await self._attempt(jobs, carry_out))
        except (Conflict, LockTimeout) as error:
            raise explained(error) from None

    async def _slice(self, jobs: Sequence[Job]) -> Sequence[Any]:
        """The answers of the first of them, one at least."""
        try:
            return await self._attempt(jobs, self._carry_out)
        except Unavailable as error:
            self._away = error
            return [Failed(error)]
        except Exception as error:
            if len(jobs) == 1:
                return [Failed(explained(error))]
            return await self._one_by_one(jobs, patient=not isinstance(error, LockTimeout))

    async def _one_by_one(self, jobs: Sequence[Job], *, patient: bool) -> list[Any]:
        """Finds out who of a slice that failed is guilty. What was held too long for one is so for whoever names it."""
        held: set[Claim] = set()
        answers: list[Any] = []
        for job in jobs:
            if not held.isdisjoint(job.claims):
                answers.append(Failed(explained(LockTimeout())))
                continue
            try:
                answers += await self._attempt([job], self._carry_out, patient=patient)
            except Unavailable as error:
                self._away = error
                return [*answers, Failed(error)]
            except Exception as error:
                if isinstance(error, LockTimeout):
                    held |= job.claims
                answers.append(Failed(explained(error)))
        return answers

    async def _attempt(self, jobs: Sequence[Job], carry_out: CarryOut, *, patient: bool = True) -> Sequence[Any]:
        async with self._slices:
            self._groups.observe(jobs[0].name, len(jobs))
            return await self._groups.attempt(jobs, carry_out, patient=patient)


def _slice_from(jobs: Sequence[Job], first: int) -> Sequence[Job]:
    """As many from there on as a group may weigh; one at least."""
    end, room = first + 1, GROUP_COST_MAX - jobs[first].cost
    while end < len(jobs) and (room := room - jobs[end].cost) >= 0:
        end += 1
    return jobs[first:end]
