"""Group commit, against the real database, with small commands over a table of the test's own."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dues.db.database import Database
from dues.db.errors import Unavailable
from dues.work import group_commit
from dues.work.group_commit import GROUP_SIZE_MAX, GROUPS_IN_FLIGHT, Busy, GroupCommit
from dues.work.work import Claim, Command, Request, Work

SOON_SECONDS = 5.0
"""Long on a busy machine, and well below what a request waits before it gives up."""


class BoomError(Exception):
    """What a command of ours raises for one request."""


@dataclass(eq=False)
class Put:
    """Asks for a row. `hold` keeps its group in work until set; `boom` makes it fail; `alone` is claimed besides."""

    name: str
    value: int = 0
    hold: asyncio.Event | None = None
    boom: Exception | None = None
    alone: tuple[str, ...] = ()


@dataclass
class Stage:
    """A table, commands on it, and what they saw."""

    database: Database
    url: str
    table: str
    groups: list[list[str]] = field(default_factory=list)
    """The names of every run's requests, in the order in which runs began."""
    in_work: set[Claim] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.work = GroupCommit(self.database)
        self.put = Command("put", self._put, self._claims)
        self.also_put = Command("also_put", self._put, self._claims)

    async def _put(self, work: Work, requests: Sequence[Request[Put]]) -> list[str]:
        bodies = [request.body for request in requests]
        claims = {claim for request in requests for claim in self._claims(request)}
        assert self.in_work.isdisjoint(claims), "a claim is in work twice"
        self.in_work |= claims
        self.groups.append([body.name for body in bodies])
        try:
            return await self._decide_and_write(work, bodies)
        finally:
            self.in_work -= claims

    async def _decide_and_write(self, work: Work, bodies: Sequence[Put]) -> list[str]:
        names = [body.name for body in bodies]
        found = await work.tx.find(f"select name from {self.table} where name = any($1::text[])", names)
        for body in bodies:
            if body.hold:
                await body.hold.wait()
        taken = {row["name"] for row in found}
        fresh = [(body.name, body.value) for body in bodies if body.name not in taken]
        work.tx.write(f"insert into {self.table} select * from unnest($1::text[], $2::bigint[])", fresh)
        for body in bodies:
            if body.boom:
                raise body.boom
        return ["taken" if name in taken else "written" for name in names]

    @staticmethod
    def _claims(request: Request[Put]) -> Iterable[Claim]:
        yield request.body.name
        yield from request.body.alone

    def submit(self, body: Put, command: Command[Put, str] | None = None) -> "asyncio.Task[tuple[str, int]]":
        """A client who waits for the answer and its group's size."""
        return asyncio.create_task(self.work.submit(command or self.put, request(body)))

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
        rows = await self.database.rows(f"select name, value from {self.table}")
        return {row["name"]: row["value"] for row in rows}


def request(body: Any) -> Request[Any]:
    """Somebody's request for `body`."""
    return Request(1, f"req_{uuid4().hex}", None, body)


async def answers_of(*clients: "asyncio.Task[tuple[str, int]]") -> list[tuple[str, int]]:
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


@pytest.fixture
def play(database_url: str) -> Callable[[Story], None]:
    """Runs a story on a stage of its own."""
    schema = f"scratch_{uuid4().hex}"

    async def on_stage(story: Story) -> None:
        database = await Database.connect(database_url, 12)
        try:
            await database.rows(f"create schema {schema}")
            await database.rows(
                f"create table {schema}.things (name text primary key, value bigint not null check (value >= 0))"
            )
            async with asyncio.timeout(30):
                await story(Stage(database, database_url, f"{schema}.things"))
        finally:
            await _leave_nothing_running()
            await database.rows(f"drop schema {schema} cascade")
            await database.close()

    return lambda story: asyncio.run(on_stage(story))


# Groups ---------------------------------------------------------------------------------------------------------


def test_a_quiet_server_makes_groups_of_one_at_once(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        fastest = 1.0
        for number in range(10):
            started = time.monotonic()
            assert await stage.submit(Put(f"{number}")) == ("written", 1)
            fastest = min(fastest, time.monotonic() - started)
        assert stage.groups == [[f"{number}"] for number in range(10)]
        assert fastest < 0.05, "it waits for a timer"

    play(story)


def test_requests_that_arrive_together_share_a_group(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        clients = [stage.submit(Put(f"{number}")) for number in range(10)]
        assert await answers_of(*clients) == [("written", 10)] * 10
        assert stage.groups == [[f"{number}" for number in range(10)]]

    play(story)


def test_requests_that_arrive_while_groups_are_committed_share_the_next(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        hold, holders = await stage.occupy()
        clients = []
        for number in range(50):
            clients.append(stage.submit(Put(f"{number}")))
            await turns(number % 3)
        assert len(stage.groups) == GROUPS_IN_FLIGHT
        hold.set()
        answers = await answers_of(*clients, *holders)
        assert answers[:50] == [("written", 50)] * 50
        assert stage.groups[GROUPS_IN_FLIGHT:] == [[f"{number}" for number in range(50)]]

    play(story)


def test_who_waits_goes_as_soon_as_a_group_ends_though_nobody_else_arrives(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        for number in range(5):
            stage.groups.clear()
            hold, holders = await stage.occupy()
            late = stage.submit(Put(f"late {number}"))
            await turns()
            hold.set()
            async with asyncio.timeout(SOON_SECONDS):
                assert await late == ("written", 1)
            await asyncio.gather(*holders)
            await stage.database.rows(f"delete from {stage.table} where name like 'holder%'")

    play(story)


def test_with_one_group_at_a_time_who_waits_goes_too(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        stage.work = GroupCommit(stage.database, groups_in_flight=1)
        hold, holders = await stage.occupy(1)
        late = stage.submit(Put("late"))
        await turns()
        hold.set()
        async with asyncio.timeout(SOON_SECONDS):
            assert await late == ("written", 1)
        await asyncio.gather(*holders)

    play(story)


def test_a_group_that_ends_makes_room_while_another_is_still_in_work(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        slow, quick = asyncio.Event(), asyncio.Event()
        long_one = stage.submit(Put("slow", hold=slow))
        await stage.until(lambda: len(stage.groups) == 1)
        short_one = stage.submit(Put("quick", hold=quick))
        await stage.until(lambda: len(stage.groups) == 2)
        late = stage.submit(Put("late"))
        await turns()
        quick.set()
        async with asyncio.timeout(SOON_SECONDS):
            assert await late == ("written", 1)
        assert not long_one.done()
        slow.set()
        await asyncio.gather(long_one, short_one)

    play(story)


def test_a_group_has_an_upper_size_and_keeps_the_order(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        names = [f"{number}" for number in range(2 * GROUP_SIZE_MAX + 44)]
        await asyncio.gather(*(stage.submit(Put(name)) for name in names))
        assert [len(group) for group in stage.groups] == [GROUP_SIZE_MAX, GROUP_SIZE_MAX, 44]
        assert [name for group in stage.groups for name in group] == names

    play(story)


def test_a_group_is_of_one_command(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        clients = [stage.submit(Put(f"{number}"), stage.put if number % 2 else stage.also_put) for number in range(10)]
        assert await answers_of(*clients) == [("written", 5)] * 10
        assert stage.groups == [["0", "2", "4", "6", "8"], ["1", "3", "5", "7", "9"]]

    play(story)


def test_groups_are_observed_by_command_and_size(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        seen: list[tuple[str, int]] = []
        stage.work = GroupCommit(stage.database, observe=lambda command, size: seen.append((command, size)))
        await asyncio.gather(*(stage.submit(Put(f"{number}")) for number in range(3)))
        await stage.submit(Put("another"), stage.also_put)
        assert seen == [("put", 3), ("also_put", 1)]

    play(story)


# Nothing is answered before COMMIT --------------------------------------------------------------------------------


def test_an_answer_is_durable_when_it_is_given(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        async def client(name: str) -> None:
            assert (await stage.submit(Put(name)))[0] == "written"
            assert name in await stage.written()

        await asyncio.gather(*(client(f"{number}") for number in range(30)))

    play(story)


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
            "if new.name like 'evil%' then raise exception 'no' using errcode = 'check_violation'; end if; "
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


def test_nothing_is_answered_before_its_commit_is_done(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        toll = Toll(stage)
        await toll.build()
        keeper = await toll.close()
        clients = [stage.submit(Put(f"{number}")) for number in range(3)]
        waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and wait_event = 'advisory'"
        async with asyncio.timeout(SOON_SECONDS):
            while not await stage.database.rows(waiting):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert not any(client.done() for client in clients)
        await keeper.close()
        assert await answers_of(*clients) == [("written", 3)] * 3

    play(story)


def test_a_commit_that_fails_fails_only_who_made_it_fail(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        await Toll(stage).build()
        good, evil = [stage.submit(Put("a")), stage.submit(Put("b"))], stage.submit(Put("evil"))
        assert [answer for answer, _ in await asyncio.gather(*good)] == ["written", "written"]
        with pytest.raises(asyncpg.CheckViolationError):
            await evil
        assert set(await stage.written()) == {"a", "b"}

    play(story)


# Claims -----------------------------------------------------------------------------------------------------------


def test_two_with_a_common_claim_are_never_in_work_at_once(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        hold = asyncio.Event()
        first = stage.submit(Put("first", hold=hold, alone=("x",)))
        await stage.until(lambda: len(stage.groups) == 1)
        second = stage.submit(Put("second", alone=("x",)))
        other = stage.submit(Put("other", alone=("y",)))
        assert await other == ("written", 1)
        await turns()
        assert not second.done()
        assert stage.groups == [["first"], ["other"]]
        hold.set()
        assert await answers_of(first, second) == [("written", 1)] * 2

    play(story)


def test_two_commands_with_a_common_claim_are_never_in_work_at_once(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        hold = asyncio.Event()
        first = stage.submit(Put("first", hold=hold, alone=("x",)))
        await stage.until(lambda: len(stage.groups) == 1)
        second = stage.submit(Put("second", alone=("x",)), stage.also_put)
        await asyncio.sleep(0.05)
        assert stage.groups == [["first"]]
        hold.set()
        assert await answers_of(first, second) == [("written", 1)] * 2

    play(story)


def test_of_two_that_arrive_together_with_a_common_claim_the_second_sees_the_first(
    play: Callable[[Story], None],
) -> None:
    async def story(stage: Stage) -> None:
        answers = await asyncio.gather(*(stage.submit(Put("same")) for _ in range(20)))
        assert answers == [("written", 1)] + [("taken", 1)] * 19

    play(story)


def test_who_waits_for_two_things_is_not_overtaken_by_who_needs_one_of_them(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        hold = asyncio.Event()
        first = stage.submit(Put("first", hold=hold, alone=("x",)))
        await stage.until(lambda: len(stage.groups) == 1)
        both = stage.submit(Put("both", alone=("x", "y")))
        behind = stage.submit(Put("behind", alone=("y",)))
        free = stage.submit(Put("free"))
        assert await free == ("written", 1)
        await asyncio.sleep(0.05)
        hold.set()
        await asyncio.gather(first, both, behind)
        assert stage.groups == [["first"], ["free"], ["both"], ["behind"]]

    play(story)


def test_another_command_is_not_overtaken_for_ever(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        stop = asyncio.Event()

        async def stream() -> None:
            while not stop.is_set():
                await stage.submit(Put(uuid4().hex))

        streams = [asyncio.create_task(stream()) for _ in range(30)]
        await stage.until(lambda: len(stage.groups) > 10)
        before = len(stage.groups)
        await stage.submit(Put("rare"), stage.also_put)
        assert stage.groups.index(["rare"]) - before <= 2 * GROUPS_IN_FLIGHT
        stop.set()
        await asyncio.gather(*streams)

    play(story)


# Failures ---------------------------------------------------------------------------------------------------------


def test_only_who_is_guilty_of_a_failure_gets_it(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        bodies = [Put(f"{number}") for number in range(8)]
        bodies[2].boom, bodies[5].boom = BoomError("2"), BoomError("5")
        bodies[6].value = -1
        answers = await asyncio.gather(*(stage.submit(body) for body in bodies), return_exceptions=True)

        for position in (0, 1, 3, 4, 7):
            assert answers[position] == ("written", 1)
        assert answers[2] is bodies[2].boom
        assert answers[5] is bodies[5].boom
        assert isinstance(answers[6], asyncpg.CheckViolationError)
        assert set(await stage.written()) == {"0", "1", "3", "4", "7"}

    play(story)


def test_after_a_failure_its_claims_are_free(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        with pytest.raises(BoomError):
            await stage.submit(Put("x", boom=BoomError()))
        async with asyncio.timeout(SOON_SECONDS):
            assert await stage.submit(Put("x")) == ("written", 1)

    play(story)


def test_a_command_that_forgets_an_answer_answers_nobody_wrongly(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        async def forgetful(work: Work, requests: Sequence[Request[Put]]) -> list[str]:
            return ["one too few"] * (len(requests) - 1)

        command = Command("forgetful", forgetful, Stage._claims)
        clients = [stage.submit(Put(f"{number}"), command) for number in range(3)]
        answers = await asyncio.gather(*clients, return_exceptions=True)
        assert all(isinstance(answer, AssertionError) for answer in answers)

    play(story)


def test_a_group_beaten_by_another_process_runs_again_and_reads_the_winner(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        hold = asyncio.Event()
        clients = [stage.submit(Put(name, value=1, hold=hold)) for name in ("a", "b", "c")]
        await stage.until(lambda: len(stage.groups) == 1)
        await stage.database.rows(f"insert into {stage.table} values ('b', 7)")
        hold.set()
        assert await answers_of(*clients) == [("written", 3), ("taken", 3), ("written", 3)]
        assert stage.groups == [["a", "b", "c"], ["a", "b", "c"]]
        assert await stage.written() == {"a": 1, "b": 7, "c": 1}

    play(story)


def test_a_group_waits_for_a_rival_that_has_not_committed_yet(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        for number, (ends, answer) in enumerate((("commit", "taken"), ("rollback", "written"))):
            rival = await asyncpg.connect(stage.url)
            await rival.execute("begin")
            await rival.execute(f"insert into {stage.table} values ('b{number}', 7)")
            clients = [stage.submit(Put(f"{name}{number}")) for name in ("a", "b")]
            await asyncio.sleep(0.2)
            assert not any(client.done() for client in clients)
            await rival.execute(ends)
            await rival.close()
            assert [given for given, _ in await asyncio.gather(*clients)] == ["written", answer]

    play(story)


def test_two_processes_at_once_leave_one_of_each(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        others = [GroupCommit(stage.database) for _ in range(2)]
        clients = [
            asyncio.create_task(other.submit(stage.put, request(Put(f"{number}"))))
            for number in range(100)
            for other in others
        ]
        stage.in_work = _Anything()
        answers = [answer for answer, _ in await asyncio.gather(*clients)]
        for number in range(100):
            assert sorted(answers[2 * number : 2 * number + 2]) == ["taken", "written"]

    play(story)


class _Anything(set[Claim]):
    """Two processes may well have the same claim in work."""

    def isdisjoint(self, _other: Iterable[Claim]) -> bool:
        return True


def test_a_deadlock_is_retried_and_nobody_notices(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        await stage.database.rows(f"insert into {stage.table} values ('a', 1), ('b', 1)")
        rival = await asyncpg.connect(stage.url)
        add = f"update {stage.table} set value = value + 1 where name = $1 returning value"
        runs, rival_has_b, rivals_turn = 0, asyncio.Event(), asyncio.Event()

        async def add_to_both(work: Work, requests: Sequence[Request[None]]) -> list[int]:
            nonlocal runs
            runs += 1
            await work.tx.lock("set local deadlock_timeout = '20ms'")
            await work.tx.lock(add, "a")
            rivals_turn.set()
            await rival_has_b.wait()
            return [(await work.tx.lock(add, "b"))[0]["value"] for _ in requests]

        async def add_to_both_in_the_other_order() -> None:
            async with rival.transaction():
                await rival.execute("set local deadlock_timeout = '1h'")
                await rival.execute(add.replace("$1", "'b'"))
                await rivals_turn.wait()
                rival_has_b.set()
                await rival.execute(add.replace("$1", "'a'"))

        other = asyncio.create_task(add_to_both_in_the_other_order())
        assert await stage.work.submit(Command("add", add_to_both, lambda _: ()), request(None)) == (3, 1)
        await other
        await rival.close()
        assert runs > 1
        assert await stage.written() == {"a": 3, "b": 3}

    play(story)


def test_only_who_is_beaten_again_and_again_is_told_to_come_back(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        await stage.database.rows(f"insert into {stage.table} values ('there', 1)")

        async def put_blindly(work: Work, requests: Sequence[Request[str]]) -> list[str]:
            rows = [(request.body, 0) for request in requests]
            work.tx.write(f"insert into {stage.table} select * from unnest($1::text[], $2::bigint[])", rows)
            return ["written" for _ in requests]

        command: Command[str, str] = Command("put_blindly", put_blindly, lambda request: [request.body])
        clients = [asyncio.create_task(stage.work.submit(command, request(name))) for name in ("a", "there", "c")]
        answers = await asyncio.gather(*clients, return_exceptions=True)
        assert answers[0] == answers[2] == ("written", 1)
        assert isinstance(answers[1], Unavailable)
        assert await stage.written() == {"there": 1, "a": 0, "c": 0}

    play(story)


def test_a_serialization_failure_is_retried_and_nobody_notices(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        await stage.database.rows(f"insert into {stage.table} values ('a', 1)")
        runs = 0

        async def double(work: Work, requests: Sequence[Request[None]]) -> list[int]:
            nonlocal runs
            runs += 1
            await work.tx.lock("set transaction isolation level repeatable read")
            value = (await work.tx.find(f"select value from {stage.table}"))[0]["value"]
            if runs == 1:
                await stage.database.rows(f"update {stage.table} set value = 10")
            await work.tx.lock(f"update {stage.table} set value = $1", value * 2)
            return [value * 2 for _ in requests]

        assert await stage.work.submit(Command("double", double, lambda _: ()), request(None)) == (20, 1)
        assert runs == 2
        assert await stage.written() == {"a": 20}

    play(story)


def test_only_who_needs_what_others_hold_too_long_is_told_that_it_is_busy(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        await stage.database.rows(f"insert into {stage.table} select n, 1 from unnest(array['a', 'b', 'c']) n")
        rival = await asyncpg.connect(stage.url)
        await rival.execute("begin")
        await rival.execute(f"update {stage.table} set value = 9 where name = 'b'")

        async def add(work: Work, requests: Sequence[Request[str]]) -> list[int]:
            await work.tx.lock("set local lock_timeout = '100ms'")
            query = f"update {stage.table} set value = value + 1 where name = any($1::text[]) returning name, value"
            rows = await work.tx.lock(query, [request.body for request in requests])
            values = {row["name"]: row["value"] for row in rows}
            return [values[request.body] for request in requests]

        command: Command[str, int] = Command("add", add, lambda request: [request.body])
        clients = [asyncio.create_task(stage.work.submit(command, request(name))) for name in ("a", "b", "c")]
        answers = await asyncio.gather(*clients, return_exceptions=True)
        await rival.execute("rollback")
        await rival.close()
        assert answers[0] == answers[2] == (2, 1)
        assert isinstance(answers[1], Busy)
        assert await stage.written() == {"a": 2, "b": 1, "c": 2}

    play(story)


def test_when_the_database_goes_away_everybody_of_the_group_is_told(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        async def cut_off(work: Work, requests: Sequence[Request[Put]]) -> list[str]:
            stage.groups.append([request.body.name for request in requests])
            pid = (await work.tx.lock("select pg_backend_pid() as pid"))[0]["pid"]
            await stage.database.rows("select pg_terminate_backend($1, 5000)", pid)
            return await stage._decide_and_write(work, [request.body for request in requests])

        command = Command("cut_off", cut_off, Stage._claims)
        clients = [stage.submit(Put(name), command) for name in ("a", "b", "c")]
        answers = await asyncio.gather(*clients, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Unavailable] * 3
        assert stage.groups == [["a", "b", "c"]], "it is not tried one by one"
        assert await stage.written() == {}
        assert await stage.submit(Put("a")) == ("written", 1)

    play(story)


def test_a_wait_that_lasts_too_long_ends_with_its_reason(
    play: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "WAIT_SECONDS", 0.3)

    async def story(stage: Stage) -> None:
        hold, holders = await stage.occupy()
        same, another = stage.submit(Put("holder 0")), stage.submit(Put("another"))
        with pytest.raises(Busy):
            await same
        with pytest.raises(Unavailable):
            await another
        hold.set()
        assert [answer for answer, _ in await asyncio.gather(*holders)] == ["written"] * GROUPS_IN_FLIGHT
        assert await stage.submit(Put("another")) == ("written", 1)
        assert ["another"] not in stage.groups[:GROUPS_IN_FLIGHT]
        assert len(stage.groups) == GROUPS_IN_FLIGHT + 1, "who gave up is not served"

    play(story)


def test_what_is_in_work_may_take_longer_than_a_wait(
    play: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "WAIT_SECONDS", 0.1)

    async def story(stage: Stage) -> None:
        hold, holders = await stage.occupy()
        await asyncio.sleep(0.3)
        hold.set()
        assert await answers_of(*holders) == [("written", 1)] * GROUPS_IN_FLIGHT

    play(story)


# Clients who leave ------------------------------------------------------------------------------------------------


def test_who_leaves_while_waiting_gets_no_work_done(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        hold, holders = await stage.occupy()
        gone, other = stage.submit(Put("gone")), stage.submit(Put("other"))
        behind = stage.submit(Put("behind", alone=("gone",)))
        await turns()
        gone.cancel()
        hold.set()
        assert await answers_of(other, behind) == [("written", 2)] * 2
        await asyncio.gather(*holders)
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert "gone" not in await stage.written()

    play(story)


def test_who_leaves_while_in_work_disturbs_nobody(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        hold = asyncio.Event()
        clients = [stage.submit(Put(name, hold=hold)) for name in ("a", "gone", "c")]
        await stage.until(lambda: len(stage.groups) == 1)
        clients[1].cancel()
        await turns()
        hold.set()
        assert await answers_of(clients[0], clients[2]) == [("written", 3)] * 2
        async with asyncio.timeout(SOON_SECONDS):
            assert (await stage.submit(Put("gone")))[0] == "taken", "what had begun is whole"

    play(story)


def test_who_leaves_a_group_that_fails_disturbs_nobody(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        hold = asyncio.Event()
        boom = BoomError()
        bodies = [Put("a", hold=hold), Put("gone", boom=boom), Put("c")]
        clients = [stage.submit(body) for body in bodies]
        await stage.until(lambda: len(stage.groups) == 1)
        clients[1].cancel()
        hold.set()
        assert await answers_of(clients[0], clients[2]) == [("written", 1)] * 2
        await stage.work.drain()
        assert set(await stage.written()) == {"a", "c"}

    play(story)


def test_drain_waits_for_what_is_in_work_and_what_waits(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        await stage.work.drain()
        hold, holders = await stage.occupy()
        clients = [stage.submit(Put(f"{number}")) for number in range(GROUP_SIZE_MAX + 5)]
        clients += [stage.submit(Put("0"), stage.also_put)]
        await turns()
        drained = asyncio.create_task(stage.work.drain())
        await asyncio.sleep(0.05)
        assert not drained.done()
        hold.set()
        async with asyncio.timeout(SOON_SECONDS):
            await drained
        await turns()
        assert all(client.done() for client in (*holders, *clients))
        assert len(await stage.written()) == GROUPS_IN_FLIGHT + GROUP_SIZE_MAX + 5

    play(story)


def test_drain_returns_when_everybody_who_waited_has_left(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        hold, holders = await stage.occupy()
        waiting = [stage.submit(Put(f"{number}")) for number in range(3)]
        await turns()
        for client in waiting:
            client.cancel()
        hold.set()
        async with asyncio.timeout(SOON_SECONDS):
            await stage.work.drain()
        await asyncio.gather(*holders)

    play(story)


# Any order of anything --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """Somebody asks, after `pause` turns of the loop, to make each named value `value * factor + number`."""

    names: frozenset[str]
    number: int
    by_other_command: bool
    pause: int
    turns_in_work: int
    fails: bool
    leaves_at_once: bool


STEPS = st.lists(
    st.builds(
        Step,
        names=st.frozensets(st.sampled_from("abcde"), min_size=1, max_size=3),
        number=st.integers(1, 9),
        by_other_command=st.booleans(),
        pause=st.sampled_from([0, 0, 0, 1, 2, 5, 40]),
        turns_in_work=st.sampled_from([0, 0, 1, 3]),
        fails=st.sampled_from([False] * 7 + [True]),
        leaves_at_once=st.sampled_from([False] * 7 + [True]),
    ),
    max_size=25,
)


def changed(value: int, step: Step) -> int:
    """The value after a step: not the same in another order, so nothing lost or swapped goes unseen."""
    return (value * (5 if step.by_other_command else 3) + step.number) % 1_000_003


def predicted(steps: Sequence[Step]) -> dict[str, int]:
    """The table, had the steps been carried out one after another."""
    table: dict[str, int] = {}
    for step in steps:
        if not (step.fails or step.leaves_at_once):
            for name in step.names:
                table[name] = changed(table.get(name, 0), step)
    return table


class Values:
    """A table of values, and commands that read, wait a little and write back, as careless as may be."""

    def __init__(self, database: Database, table: str) -> None:
        self.database = database
        self._table = table
        self._in_work: set[str] = set()
        self._commands = [Command(name, self._change, lambda request: request.body.names) for name in ("one", "other")]

    async def _change(self, work: Work, requests: Sequence[Request[Step]]) -> list[dict[str, int]]:
        steps = [request.body for request in requests]
        names = [name for step in steps for name in step.names]
        assert len(names) == len(set(names)), "a group touches something twice"
        assert self._in_work.isdisjoint(names), "something is in work twice"
        self._in_work.update(names)
        try:
            rows = await work.tx.find(f"select name, value from {self._table} where name = any($1::text[])", names)
            before = {row["name"]: row["value"] for row in rows}
            for step in steps:
                await turns(step.turns_in_work)
            after = [{name: changed(before.get(name, 0), step) for name in step.names} for step in steps]
            for values in after:
                work.tx.write(
                    f"insert into {self._table} select * from unnest($1::text[], $2::bigint[])"
                    " on conflict (name) do update set value = excluded.value",
                    list(values.items()),
                )
            if any(step.fails for step in steps):
                raise BoomError
            return after
        finally:
            self._in_work.difference_update(names)

    async def play(self, steps: Sequence[Step]) -> tuple[dict[str, int], list[Any]]:
        """Carries the steps out, as they come; returns the table and what each was answered."""
        await self.database.rows(f"delete from {self._table}")
        work = GroupCommit(self.database)
        clients = []
        for step in steps:
            await turns(step.pause)
            clients.append(asyncio.create_task(work.submit(self._commands[step.by_other_command], request(step))))
            await asyncio.sleep(0)
            if step.leaves_at_once:
                clients[-1].cancel()
        async with asyncio.timeout(SOON_SECONDS):
            answers = await asyncio.gather(*clients, return_exceptions=True)
            await work.drain()
        rows = await self.database.rows(f"select name, value from {self._table}")
        return {row["name"]: row["value"] for row in rows}, answers


def test_any_interleaving_ends_as_if_done_one_after_another(database_url: str) -> None:
    schema = f"scratch_{uuid4().hex}"
    with asyncio.Runner() as runner:
        database = runner.run(Database.connect(database_url, 4))
        runner.run(database.rows(f"create schema {schema}"))
        runner.run(database.rows(f"create table {schema}.things (name text primary key, value bigint not null)"))
        values = Values(database, f"{schema}.things")

        @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(STEPS)
        @example([Step(frozenset("a"), 1, False, 0, 0, False, False)] * 20)
        def all_is_as_predicted(steps: list[Step]) -> None:
            table, answers = runner.run(values.play(steps))
            assert table == predicted(steps)
            for step, answer in zip(steps, answers, strict=True):
                if step.leaves_at_once:
                    continue
                assert isinstance(answer, BoomError) if step.fails else set(answer[0]) == step.names

        try:
            all_is_as_predicted()
        finally:
            with suppress(Exception):
                runner.run(database.rows(f"drop schema {schema} cascade"))
            runner.run(database.close())
