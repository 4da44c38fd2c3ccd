"""Background work: named jobs that come round again and again, beside what answers requests.

One loop runs them all. What goes wrong is said in the log, once until it goes well again, and tried again: a job that
ends with its first error would be missed by nobody until the disk is full.
"""

import asyncio
import time
import traceback
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple, NoReturn

import structlog
from msgspec import Struct

from dues.db.errors import Transient

AGAIN_SECONDS: Final = 1.0
"""The least pause after an error: a database that is away is not asked more often by each job."""

BREATH_SECONDS: Final = 0.05
"""Between two batches, so that requests have the database to themselves again and again."""

PAUSE_SECONDS_MIN: Final = 0.01
"""Between two batches of a purge, which otherwise pauses for as long as a batch took: it gives way by itself where
everything is slow."""

_log = structlog.get_logger()


class Job(Struct, frozen=True):
    """Something that is done, then done again after a pause. Any number of processes may do so at once."""

    name: str
    every_seconds: float
    run: Callable[[], Awaitable[object]]


Batch = Callable[[], Awaitable[int]]
"""Does a little of what is to be done, and says how much that was."""


async def run_jobs(jobs: Iterable[Job]) -> None:
    """Runs jobs side by side until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        for job in jobs:
            tasks.create_task(repeat(job))


async def repeat(job: Job) -> NoReturn:
    """Runs one job until cancelled."""
    said: type[Exception] | None = None
    while True:
        pause = job.every_seconds
        try:
            await job.run()
            said = None
        except Exception as error:
            if type(error) is not said:
                report(job.name, error)
            said, pause = type(error), max(pause, AGAIN_SECONDS)
        await asyncio.sleep(pause)


async def run_batches(batches: AsyncIterable[Batch], size: int) -> None:
    """Repeats each batch until it does fewer than `size`: a few at a time, so that nobody waits for it."""
    async for batch in batches:
        while await batch() >= size:  # noqa: ASYNC110 -- it waits for time to pass, not for an event
            await asyncio.sleep(BREATH_SECONDS)


class Deleted(NamedTuple):
    """What a batch of a purge has deleted: how many rows, and the place and the time of the last of them."""

    rows: int
    place: Any
    time: datetime


ObservePurge = Callable[[str, int, float], None]
"""Told of a table how many of its rows were deleted, and by how many seconds the last of them was overdue."""

Queue = tuple[Callable[[Any, int], Awaitable[Deleted]], object]
"""Rows that go in one order: what deletes some of them (after a place, how many at most), and where it begins."""


class Purge(Struct, frozen=True):
    """One round of deleting what a table has from before a time, a batch after the other."""

    table: str
    before: datetime
    batch_size: int
    observe: ObservePurge

    async def run(self, queues: AsyncIterable[Queue]) -> None:
        """Deletes of each queue until there is not a whole batch left."""
        async for some, place in queues:
            await self._empty(some, place)
        self.observe(self.table, 0, 0.0)

    async def _empty(self, some: Callable[[Any, int], Awaitable[Deleted]], place: object) -> None:
        # Each batch goes on where the one before has ended. From the beginning, it would step over all that was deleted
        # before it: while a backup is under way, PostgreSQL removes none of that.
        while True:
            began = time.monotonic()
            deleted = await some(place, self.batch_size)
            if deleted.rows:
                self.observe(self.table, deleted.rows, (self.before - deleted.time).total_seconds())
            if deleted.rows < self.batch_size:
                return
            place = deleted.place
            await asyncio.sleep(max(PAUSE_SECONDS_MIN, time.monotonic() - began))


def report(job: str, error: Exception, **context: object) -> None:
    """Says in the log that some background work has to wait, or that it has a defect."""
    if isinstance(error, Transient):
        _log.warning("job_postponed", job=job, reason=str(error), **context)
        return
    # The frames, and not the message: it may quote a customer's data.
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("job_failed", job=job, kind=type(error).__name__, frames=frames, **context)
