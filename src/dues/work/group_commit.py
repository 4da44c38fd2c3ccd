"""Group commit: requests that arrive while others are being committed go through one transaction together.

    submit ──► pending ──► a group (same command, claims free) ──► run · commit ──► each gets its own answer
                 ▲                                                   │
                 └── whoever's claim is taken waits here             ├─ another was first → once more, reading it
                                                                     └─ it fails → one by one

Nothing waits for a timer: a quiet server makes groups of one, at once; a busy one makes larger groups by itself.
Nothing is answered before its transaction is committed.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from dues.db.database import Database
from dues.db.errors import Conflict, LockTimeout, Unavailable
from dues.work.work import Answer, Body, Claim, Command, Request, Work, clock_offsets_of

GROUPS_IN_FLIGHT = 2
"""While PostgreSQL flushes one group, the next is decided. More only make the groups smaller."""

GROUP_SIZE_MAX = 128
"""Bounds the latency of the first in a group, and what one failure makes run again."""

WAIT_SECONDS = 8.0
"""How long a request may wait for its turn before its client is told to come back."""

ATTEMPTS_MAX = 8
"""Each attempt reads what beat the one before, so more than two need several rivals in a row."""


class Busy(Exception):
    """Something this request needs was in other hands for too long. Nothing was done."""


@dataclass(slots=True, eq=False)
class Submission:
    """One request on its way, and where its answer goes."""

    command: Command[Any, Any]
    request: Request[Any]
    claims: frozenset[Claim]
    answer: "asyncio.Future[Any]" = field(repr=False)
    group_size: int = 0


class GroupCommit:
    """Runs commands in groups, at most `groups_in_flight` at a time, on one event loop."""

    def __init__(
        self,
        database: Database,
        *,
        groups_in_flight: int = GROUPS_IN_FLIGHT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        observe: Callable[[str, int], None] = lambda command, size: None,
        committed: Callable[[Iterable[int]], None] = lambda tenant_ids: None,
    ) -> None:
        self._database = database
        self._groups_in_flight = groups_in_flight
        self._now = now
        self._observe = observe
        self._committed = committed
        self._pending: deque[Submission] = deque()
        self._taken: set[Claim] = set()
        self._groups: set[asyncio.Task[None]] = set()
        self._gathering = False

    async def submit(self, command: Command[Body, Answer], request: Request[Body]) -> tuple[Answer, int]:
        """The answer to `request`, once it is durable, and how many requests its group had.

        Raises Busy, Unavailable, or whatever `command.run` raised for this request alone.
        """
        loop = asyncio.get_running_loop()
        submission = Submission(command, request, frozenset(command.claims(request)), loop.create_future())
        self._pending.append(submission)
        if not self._gathering and len(self._groups) < self._groups_in_flight:
            # After this turn of the loop, so that what arrived together goes together.
            self._gathering = True
            loop.call_soon(self._start_groups)
        give_up = loop.call_later(WAIT_SECONDS, self._give_up, submission)
        try:
            return await submission.answer, submission.group_size
        finally:
            give_up.cancel()

    async def drain(self) -> None:
        """Returns when nothing is pending and nothing is in work."""
        while self._groups or self._gathering or self._pending:
            await (asyncio.wait(self._groups) if self._groups else asyncio.sleep(0.001))

    def _start_groups(self) -> None:
        self._gathering = False
        while len(self._groups) < self._groups_in_flight and (group := self._next_group()):
            for submission in group:
                self._taken |= submission.claims
            self._groups.add(asyncio.create_task(self._run_group(group)))

    def _next_group(self) -> list[Submission]:
        """The oldest request whose claims are free, and others of its command; whoever cannot go keeps its place.

        A claim of somebody who waits counts as taken for all behind, so nobody is overtaken for ever.
        """
        group: list[Submission] = []
        waiting: list[Submission] = []
        taken = set(self._taken)
        while self._pending and len(group) < GROUP_SIZE_MAX:
            submission = self._pending.popleft()
            if submission.answer.done():  # gave up, or its client is gone
                continue
            if (not group or submission.command is group[0].command) and taken.isdisjoint(submission.claims):
                group.append(submission)
            else:
                waiting.append(submission)
            taken |= submission.claims
        self._pending.extendleft(reversed(waiting))
        return group

    async def _run_group(self, group: Sequence[Submission]) -> None:
        try:
            await self._answer(group)
        finally:
            for submission in group:
                self._taken -= submission.claims
            # Here, and not when the task is done: whoever is started next must see this slot free, or nobody starts.
            self._groups.discard(cast("asyncio.Task[None]", asyncio.current_task()))
            if self._pending and not self._gathering:
                self._gathering = True
                asyncio.get_running_loop().call_soon(self._start_groups)

    async def _answer(self, group: Sequence[Submission]) -> None:
        """Gives every submission its answer or its exception."""
        self._observe(group[0].command.name, len(group))
        try:
            answers = await self._attempt(group)
        except Exception as error:
            alone = len(group) == 1
            if alone or isinstance(error, Unavailable):
                for submission in group:
                    _refuse(submission, _told(error))
            else:
                for submission in group:
                    await self._answer([submission])
        else:
            for submission, answer in zip(group, answers, strict=True):
                submission.group_size = len(group)
                if not submission.answer.done():
                    submission.answer.set_result(answer)

    async def _attempt(self, group: Sequence[Submission]) -> Sequence[Any]:
        """Runs the group in one transaction, again as long as another process was first."""
        command, requests = group[0].command, [submission.request for submission in group]
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                async with self._database.transaction() as tx:
                    work = Work(tx, self._now(), clock_offsets_of(requests))
                    answers = await command.run(work, requests)
                    assert len(answers) == len(requests), f"{command.name} gave {len(answers)} answers"
                    await tx.commit()
                    self._committed({request.tenant_id for request in requests})
                    return answers
            except Conflict:
                if attempt == ATTEMPTS_MAX:
                    raise
                await asyncio.sleep(0.001 * attempt)
        raise AssertionError("unreachable")

    def _give_up(self, submission: Submission) -> None:
        """Ends a wait that has lasted too long; what has started is left to finish."""
        if submission not in self._pending:
            return
        self._pending.remove(submission)
        if self._taken.isdisjoint(submission.claims):
            _refuse(submission, Unavailable("too many requests are waiting"))
        else:
            _refuse(submission, Busy("an earlier request for the same thing is still in progress"))


def _told(error: Exception) -> Exception:
    """What a client can act on: somebody holds what it needs, or others were first too often in a row."""
    match error:
        case LockTimeout():
            return Busy("somebody else holds what it needs")
        case Conflict():
            return Unavailable("others were first, again and again")
        case _:
            return error


def _refuse(submission: Submission, error: Exception) -> None:
    if not submission.answer.done():
        submission.answer.set_exception(error)
