"""Nobody is left waiting when all groups end at once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from dues.db.database import Database
from dues.db.transaction import Transaction
from dues.work.group_commit import GroupCommit
from dues.work.work import Work
from tests.work.stage import Job


class Instant:
    """A database whose transactions all end in the same turn of the loop, which a real one does only now and then."""

    def __init__(self) -> None:
        self.end = asyncio.Event()

    @asynccontextmanager
    async def transaction(self, cell: int) -> AsyncIterator[Transaction]:
        """A transaction that ends with all others."""
        yield Transaction(cast(Any, None), cell)
        await self.end.wait()


async def echo(_work: Work, jobs: Sequence[Job]) -> list[int]:
    return [job.body for job in jobs]


def test_the_next_group_starts_when_two_end_in_one_turn() -> None:
    async def run() -> list[int]:
        instant = Instant()
        commits = GroupCommit(cast(Database, instant), echo)

        async def ask(number: int) -> int:
            # Alone each, so that there are more groups than may be in flight.
            answer, _ = await commits.submit(Job(number, is_alone=True))
            return int(answer)

        asked = [asyncio.create_task(ask(number)) for number in range(5)]
        await asyncio.sleep(0.01)
        instant.end.set()
        answers = await asyncio.wait_for(asyncio.gather(*asked), 2)
        await asyncio.wait_for(commits.drain(), 1)
        return answers

    assert asyncio.run(run()) == [0, 1, 2, 3, 4]
