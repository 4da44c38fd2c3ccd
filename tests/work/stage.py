"""A stage for group commit: the real database, a table of the test's own, and jobs that want a row of it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.work.group_commit import GROUPS_IN_FLIGHT, Failed, GroupCommit
from dues.work.work import Claim, Request, Work

SOON_SECONDS = 5.0
"""Long on a busy machine, and well below what a request waits before it gives up."""

ALICE, BOB = Tenant(1, 1), Tenant(1, 2)
ELSEWHERE = Tenant(2, 3)
"""Somebody of another cell."""


class BoomError(Exception):
    """What is raised for one job."""


@dataclass(eq=False)
class Job:
    """Something that waits for a group: what it is counted as, whose it is, and what it weighs."""

    body: Any = None
    name: str = "job"
    tenant: Tenant = ALICE
    claims: frozenset[Claim] = frozenset()
    cost: int = 1
    is_alone: bool = False

    def __post_init__(self) -> None:
        self.request: Request[Any] = Request(self.tenant, f"req_{uuid4().hex}", self.body)


@dataclass(eq=False)
class Put:
    """Asks for a row. `hold` keeps its group in work until set; `alone` is claimed besides.

    `boom` makes all of its group fail, `fails` it alone.
    """

    key: str
    value: int = 0
    hold: asyncio.Event | None = None
    boom: Exception | None = None
    fails: Exception | None = None
    alone: tuple[str, ...] = ()


@dataclass
class Run:
    """One attempt to carry a group out: its keys, its cell, and whether it was to be cautious."""

    keys: list[str]
    cell: int
    cautious: bool


@dataclass
class Stage:
    """A table, jobs on it, and what they saw."""

    database: Database
    url: str
    table: str
    runs: list[Run] = field(default_factory=list)
    in_work: set[Claim] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.work = GroupCommit(self.database, self.carry_out)

    @property
    def groups(self) -> list[list[str]]:
        """The keys of every run's jobs, in the order in which runs began."""
        return [run.keys for run in self.runs]

    async def carry_out(self, work: Work, jobs: Sequence[Job]) -> list[Any]:
        """Writes the rows that are not there yet, deciding in order."""
        claims = {claim for job in jobs for claim in job.claims}
        assert self.in_work.isdisjoint(claims), "a claim is in work twice"
        self.in_work |= claims
        self.runs.append(Run([job.body.key for job in jobs], work.tx.cell, work.cautious))
        try:
            return await self.decide_and_write(work, [job.body for job in jobs])
        finally:
            self.in_work -= claims

    async def decide_and_write(self, work: Work, bodies: Sequence[Put]) -> list[Any]:
        """What each is answered: it is in vain where somebody was first, in the table or in the group."""
        keys = [body.key for body in bodies]
        found = await work.tx.find(f"select key from {self.table} where key = any($1::text[])", keys)
        for body in bodies:
            if body.hold:
                await body.hold.wait()
        taken, answers, fresh = {row["key"] for row in found}, list[Any](), list[tuple[str, int]]()
        for body in bodies:
            if body.fails:
                answers.append(Failed(body.fails))
                continue
            answers.append("taken" if body.key in taken else "written")
            if body.key not in taken:
                taken.add(body.key)
                fresh.append((body.key, body.value))
        work.tx.write(self.insert, fresh)
        for body in bodies:
            if body.boom:
                raise body.boom
        return answers

    @property
    def insert(self) -> str:
        """Writes rows."""
        return (
            f"insert into {self.table} (cell, key, value) select $1::integer, * from unnest($2::text[], $3::bigint[])"
        )

    def submit(self, body: Put, work: GroupCommit | None = None, **job: Any) -> "asyncio.Task[tuple[Any, int]]":
        """A client who waits for the answer and its group's size."""
        claims = frozenset((body.key, *body.alone))
        return asyncio.create_task((work or self.work).submit(Job(body, claims=claims, **{"name": "put"} | job)))

    async def occupy(self, count: int = GROUPS_IN_FLIGHT) -> "tuple[asyncio.Event, list[asyncio.Task[Any]]]":
        """Groups that stay in work, as many as may at once, until the event is set."""
        hold = asyncio.Event()
        holders = []
        for number in range(count):
            holders.append(self.submit(Put(f"holder {number}", hold=hold)))
            await self.until(lambda number=number: len(self.groups) > number)  # type: ignore[misc]
        return hold, holders

    async def until(self, fact: Callable[[], bool]) -> None:
        """Returns once `fact` is so."""
        async with asyncio.timeout(SOON_SECONDS):
            while not fact():  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    async def written(self) -> dict[str, int]:
        """The table, as another connection sees it."""
        rows = await self.database.rows(f"select key, value from {self.table}")
        return {row["key"]: row["value"] for row in rows}

    async def put_there(self, *keys: str, value: int = 1) -> None:
        """Somebody else writes rows."""
        await self.database.rows(self.insert, 1, keys, [value] * len(keys))


class Toll:
    """Makes every COMMIT that wrote into the table wait as long as the test likes, or fail."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._number = uuid4().int % 2**31

    async def build(self) -> None:
        """From here on the table's rows are checked at COMMIT."""
        schema = self._stage.table.partition(".")[0]
        await self._stage.database.rows(
            f"create function {schema}.toll() returns trigger language plpgsql as $$ begin "
            f"perform pg_advisory_xact_lock_shared({self._number}); "
            "if new.key like 'evil%' then raise exception 'no' using errcode = 'check_violation'; end if; "
            "return null; end $$"
        )
        await self._stage.database.rows(
            f"create constraint trigger toll after insert on {self._stage.table} "
            f"deferrable initially deferred for each row execute function {schema}.toll()"
        )

    async def close(self) -> asyncpg.Connection:
        """Every COMMIT waits until the connection that this returns is closed."""
        keeper = await asyncpg.connect(self._stage.url)
        await keeper.execute(f"select pg_advisory_lock({self._number})")
        return keeper


class Anything(set[Claim]):
    """What is in work in two processes at once may well be the same."""

    def isdisjoint(self, _other: Iterable[Claim]) -> bool:
        """Never minds."""
        return True


async def answers_of(*clients: "asyncio.Task[tuple[Any, int]]") -> list[tuple[Any, int]]:
    """What each was answered, and the size of its group."""
    return list(await asyncio.gather(*clients))


async def turns(count: int = 20) -> None:
    """Lets everything that can run without waiting for others do so."""
    for _ in range(count):
        await asyncio.sleep(0)


async def _leave_nothing_running() -> None:
    """What a story that failed has left behind would keep its connections for ever."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


Story = Callable[[Stage], Awaitable[None]]
Play = Callable[[Story], None]


@pytest.fixture
def play(database_url: str) -> Play:
    """Runs a story on a stage of its own."""
    schema = f"scratch_{uuid4().hex}"

    async def on_stage(story: Story) -> None:
        database = await Database.connect(database_url, 12)
        try:
            await database.rows(f"create schema {schema}")
            await database.rows(
                f"create table {schema}.things"
                " (cell integer not null, key text primary key, value bigint not null check (value >= 0))"
            )
            async with asyncio.timeout(30):
                await story(Stage(database, database_url, f"{schema}.things"))
        finally:
            await _leave_nothing_running()
            await database.rows(f"drop schema {schema} cascade")
            await database.close()

    return lambda story: asyncio.run(on_stage(story))
