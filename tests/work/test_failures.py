"""Failures and rivals: who is guilty is told so, alone; whoever was beaten by another process decides again."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from dues.db.errors import Contradiction, Unavailable
from dues.work import group_commit
from dues.work.group_commit import GROUPS_IN_FLIGHT, GroupCommit, Later
from dues.work.line import Busy
from dues.work.work import Work
from tests.work.stage import SOON_SECONDS, Anything, BoomError, Job, Play, Put, Stage, answers_of


def test_only_who_is_guilty_of_a_failure_gets_it(play: Play) -> None:
    async def story(stage: Stage) -> None:
        bodies = [Put(f"{number}") for number in range(8)]
        bodies[2].boom, bodies[5].boom = BoomError("2"), BoomError("5")
        bodies[6].value = -1
        answers = await asyncio.gather(*(stage.submit(body) for body in bodies), return_exceptions=True)

        for position in (0, 1, 3, 4, 7):
            assert answers[position] == ("written", 1)
        assert answers[2] is bodies[2].boom
        assert answers[5] is bodies[5].boom
        assert isinstance(answers[6], Contradiction)
        assert set(await stage.written()) == {"0", "1", "3", "4", "7"}

    play(story)


def test_after_a_failure_its_claims_are_free(play: Play) -> None:
    async def story(stage: Stage) -> None:
        with pytest.raises(BoomError):
            await stage.submit(Put("x", boom=BoomError()))
        async with asyncio.timeout(SOON_SECONDS):
            assert await stage.submit(Put("x")) == ("written", 1)

    play(story)


def test_a_command_that_forgets_an_answer_answers_nobody_wrongly(play: Play) -> None:
    async def story(stage: Stage) -> None:
        async def forgetful(work: Work, jobs: Sequence[Job]) -> list[str]:
            return ["one too few"] * (len(jobs) - 1)

        commits = GroupCommit(stage.database, forgetful)
        clients = [stage.submit(Put(f"{number}"), commits) for number in range(3)]
        answers = await asyncio.gather(*clients, return_exceptions=True)
        assert all(isinstance(answer, AssertionError) for answer in answers)

    play(story)


def test_a_group_beaten_by_another_process_runs_again_and_reads_the_winner(play: Play) -> None:
    async def story(stage: Stage) -> None:
        hold = asyncio.Event()
        clients = [stage.submit(Put(name, value=1, hold=hold)) for name in ("a", "b", "c")]
        await stage.until(lambda: len(stage.groups) == 1)
        await stage.put_there("b", value=7)
        hold.set()
        assert await answers_of(*clients) == [("written", 3), ("taken", 3), ("written", 3)]
        assert stage.groups == [["a", "b", "c"], ["a", "b", "c"]]
        assert await stage.written() == {"a": 1, "b": 7, "c": 1}

    play(story)


def test_a_group_waits_for_a_rival_that_has_not_committed_yet(play: Play) -> None:
    async def story(stage: Stage) -> None:
        for number, (ends, answer) in enumerate((("commit", "taken"), ("rollback", "written"))):
            rival = await asyncpg.connect(stage.url)
            await rival.execute("begin")
            await rival.execute(f"insert into {stage.table} values (1, 'b{number}', 7)")
            clients = [stage.submit(Put(f"{name}{number}")) for name in ("a", "b")]
            await asyncio.sleep(0.2)
            assert not any(client.done() for client in clients)
            await rival.execute(ends)
            await rival.close()
            assert [given for given, _ in await asyncio.gather(*clients)] == ["written", answer]

    play(story)


def test_two_processes_at_once_leave_one_of_each(play: Play) -> None:
    async def story(stage: Stage) -> None:
        others = [GroupCommit(stage.database, stage.carry_out) for _ in range(2)]
        clients = [stage.submit(Put(f"{number}"), other) for number in range(100) for other in others]
        stage.in_work = Anything()
        answers = [answer for answer, _ in await asyncio.gather(*clients)]
        for number in range(100):
            assert sorted(answers[2 * number : 2 * number + 2]) == ["taken", "written"]

    play(story)


def test_a_deadlock_is_retried_and_nobody_notices(play: Play) -> None:
    async def story(stage: Stage) -> None:
        await stage.put_there("a", "b")
        rival = await asyncpg.connect(stage.url)
        add = f"update {stage.table} set value = value + 1 where key = $1 returning value"
        runs, rival_has_b, rivals_turn = 0, asyncio.Event(), asyncio.Event()

        async def add_to_both(work: Work, jobs: Sequence[Job]) -> list[int]:
            nonlocal runs
            runs += 1
            await work.tx.lock("set local deadlock_timeout = '20ms'")
            await work.tx.lock(add, "a")
            rivals_turn.set()
            await rival_has_b.wait()
            return [(await work.tx.lock(add, "b"))[0]["value"] for _ in jobs]

        async def add_to_both_in_the_other_order() -> None:
            async with rival.transaction():
                await rival.execute("set local deadlock_timeout = '1h'")
                await rival.execute(add.replace("$1", "'b'"))
                await rivals_turn.wait()
                rival_has_b.set()
                await rival.execute(add.replace("$1", "'a'"))

        other = asyncio.create_task(add_to_both_in_the_other_order())
        assert await GroupCommit(stage.database, add_to_both).submit(Job()) == (3, 1)
        await other
        await rival.close()
        assert runs > 1
        assert await stage.written() == {"a": 3, "b": 3}

    play(story)


def test_only_who_is_beaten_again_and_again_is_told_to_come_back(play: Play) -> None:
    async def story(stage: Stage) -> None:
        await stage.put_there("there")

        async def put_blindly(work: Work, jobs: Sequence[Job]) -> list[str]:
            work.tx.write(stage.insert, [(job.body.key, 0) for job in jobs])
            return ["written" for _ in jobs]

        commits = GroupCommit(stage.database, put_blindly)
        clients = [stage.submit(Put(name), commits) for name in ("a", "there", "c")]
        answers = await asyncio.gather(*clients, return_exceptions=True)
        assert answers[0] == answers[2] == ("written", 1)
        assert isinstance(answers[1], Unavailable)
        assert await stage.written() == {"there": 1, "a": 0, "c": 0}

    play(story)


def test_what_contradicts_the_table_is_decided_once_more_under_locks(play: Play) -> None:
    async def story(stage: Stage) -> None:
        async def put_what_was_read(work: Work, jobs: Sequence[Job]) -> list[str]:
            # What is read without locks may be of two moments.
            work.tx.write(stage.insert, [(job.body.key, job.body.value if work.cautious else -1) for job in jobs])
            return ["written" for _ in jobs]

        commits = GroupCommit(stage.database, put_what_was_read)
        assert await stage.submit(Put("a", 7), commits) == ("written", 1)
        with pytest.raises(Contradiction):
            await stage.submit(Put("b", -7), commits)
        assert await stage.written() == {"a": 7}

    play(story)


def test_a_serialization_failure_is_retried_and_nobody_notices(play: Play) -> None:
    async def story(stage: Stage) -> None:
        await stage.put_there("a")
        runs = 0

        async def double(work: Work, jobs: Sequence[Job]) -> list[int]:
            nonlocal runs
            runs += 1
            await work.tx.lock("set transaction isolation level repeatable read")
            value = (await work.tx.find(f"select value from {stage.table}"))[0]["value"]
            if runs == 1:
                await stage.database.rows(f"update {stage.table} set value = 10")
            await work.tx.lock(f"update {stage.table} set value = $1", value * 2)
            return [value * 2 for _ in jobs]

        assert await GroupCommit(stage.database, double).submit(Job()) == (20, 1)
        assert runs == 2
        assert await stage.written() == {"a": 20}

    play(story)


def test_only_who_needs_what_others_hold_too_long_is_told_that_it_is_busy(play: Play) -> None:
    async def story(stage: Stage) -> None:
        await stage.put_there("a", "b", "c")
        rival = await asyncpg.connect(stage.url)
        await rival.execute("begin")
        await rival.execute(f"update {stage.table} set value = 9 where key = 'b'")

        async def add(work: Work, jobs: Sequence[Job]) -> list[int]:
            await work.tx.lock("set local lock_timeout = '100ms'")
            query = f"update {stage.table} set value = value + 1 where key = any($1::text[]) returning key, value"
            rows = await work.tx.lock(query, [job.body.key for job in jobs])
            values = {row["key"]: row["value"] for row in rows}
            return [values[job.body.key] for job in jobs]

        commits = GroupCommit(stage.database, add)
        clients = [stage.submit(Put(name), commits) for name in ("a", "b", "c")]
        answers = await asyncio.gather(*clients, return_exceptions=True)
        await rival.execute("rollback")
        await rival.close()
        assert answers[0] == answers[2] == (2, 1)
        assert isinstance(answers[1], Busy)
        assert await stage.written() == {"a": 2, "b": 1, "c": 2}

    play(story)


def test_what_is_held_too_long_is_not_waited_for_again_by_each_who_names_it(play: Play) -> None:
    async def story(stage: Stage) -> None:
        await stage.put_there("held", "also held", "free")
        rival = await asyncpg.connect(stage.url)
        await rival.execute("begin")
        await rival.execute(f"update {stage.table} set value = 9 where key like '%held'")
        runs: list[tuple[list[str], str]] = []

        async def add(work: Work, jobs: Sequence[Job]) -> list[str]:
            if len(jobs) > 1:
                await work.tx.lock("set local lock_timeout = '50ms'")
            [setting] = await work.tx.lock("show lock_timeout")
            runs.append(([job.body.key for job in jobs], setting["lock_timeout"]))
            query = f"update {stage.table} set value = value + 1 where key = any($1::text[])"
            await work.tx.lock(query, [job.body.alone[0] for job in jobs])
            return ["added" for _ in jobs]

        commits = GroupCommit(stage.database, add)
        rows = {"1": "held", "2": "held", "3": "free", "4": "held", "5": "also held", "6": "free"}
        clients = [stage.submit(Put(key, alone=(row,)), commits) for key, row in rows.items()]
        answers = dict(zip(rows, await asyncio.gather(*clients, return_exceptions=True), strict=True))
        await rival.close()
        assert runs[0] == (list(rows), "50ms")
        assert runs[1:] == [([key], "100ms") for key in ("1", "3", "5", "6")]
        assert [type(answers[key]) for key in ("1", "2", "4", "5")] == [Busy] * 4
        assert answers["3"] == answers["6"] == ("added", 1)

    play(story)


def test_whoever_is_tried_alone_has_waited_long_enough_at_some_time(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "WAIT_SECONDS", 0.3)

    async def story(stage: Stage) -> None:
        tried: list[str] = []

        async def slow(_work: Work, jobs: Sequence[Job]) -> list[str]:
            if len(jobs) > 1:
                raise BoomError
            tried.append(jobs[0].body.key)
            await asyncio.sleep(0.2)
            return ["written"]

        commits = GroupCommit(stage.database, slow)
        clients = [stage.submit(Put(f"{number}"), commits) for number in range(6)]
        answers = await asyncio.gather(*clients, return_exceptions=True)
        assert [answer for answer in answers if not isinstance(answer, Unavailable)] == [("written", 1)] * len(tried)
        assert len(tried) < 6
        assert await commits.submit(Job(Put("after"))) == ("written", 1)

    play(story)


def test_when_the_database_goes_away_everybody_of_the_group_is_told(play: Play) -> None:
    async def story(stage: Stage) -> None:
        groups: list[list[str]] = []

        async def cut_off(work: Work, jobs: Sequence[Job]) -> list[Any]:
            groups.append([job.body.key for job in jobs])
            pid = (await work.tx.lock("select pg_backend_pid() as pid"))[0]["pid"]
            await stage.database.rows("select pg_terminate_backend($1, 5000)", pid)
            return await stage.decide_and_write(work, [job.body for job in jobs])

        commits = GroupCommit(stage.database, cut_off)
        clients = [stage.submit(Put(name), commits) for name in ("a", "b", "c")]
        answers = await asyncio.gather(*clients, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Unavailable] * 3
        assert groups == [["a", "b", "c"]], "it is not tried one by one"
        assert await stage.written() == {}
        assert await stage.submit(Put("a")) == ("written", 1)

    play(story)


def test_a_wait_that_lasts_too_long_ends_with_its_reason(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_what_is_in_work_may_take_longer_than_a_wait(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "WAIT_SECONDS", 0.1)

    async def story(stage: Stage) -> None:
        hold, holders = await stage.occupy()
        await asyncio.sleep(0.3)
        hold.set()
        assert await answers_of(*holders) == [("written", 1)] * GROUPS_IN_FLIGHT

    play(story)


# One of a group --------------------------------------------------------------------------------------------------


def test_who_alone_cannot_be_decided_fails_alone_and_the_others_are_carried_out_once(play: Play) -> None:
    async def story(stage: Stage) -> None:
        bodies = [Put(f"{number}") for number in range(5)]
        bodies[0].fails, bodies[3].fails = BoomError("0"), BoomError("3")
        answers = await asyncio.gather(*(stage.submit(body) for body in bodies), return_exceptions=True)
        assert [answers[0], answers[3]] == [bodies[0].fails, bodies[3].fails]
        assert [answers[1], answers[2], answers[4]] == [("written", 5)] * 3
        assert stage.groups == [["0", "1", "2", "3", "4"]]
        assert set(await stage.written()) == {"1", "2", "4"}

    play(story)


def test_who_is_to_be_decided_later_goes_first_in_the_next_group(play: Play) -> None:
    async def story(stage: Stage) -> None:
        bodies = [Put(f"{number}") for number in range(4)]
        bodies[1].fails, bodies[3].fails = Later(), Later()

        async def carry_out(work: Work, jobs: Sequence[Job]) -> list[Any]:
            answers = await stage.carry_out(work, jobs)
            for body in bodies:
                body.fails = None
            return answers

        commits = GroupCommit(stage.database, carry_out, groups_in_flight=1)
        clients = [stage.submit(body, commits) for body in bodies]
        await stage.until(lambda: len(stage.groups) == 1)
        behind = stage.submit(Put("behind"), commits)
        assert await answers_of(*clients, behind) == [("written", 4), ("written", 3)] * 2 + [("written", 3)]
        assert stage.groups == [["0", "1", "2", "3"], ["1", "3", "behind"]]
        async with asyncio.timeout(SOON_SECONDS):
            assert await stage.submit(Put("1"), commits) == ("taken", 1), "its claims are free"

    play(story)


# Care after a conflict --------------------------------------------------------------------------------------------


async def beaten(stage: Stage, key: str) -> None:
    """A request for a row that another process writes first."""
    hold = asyncio.Event()
    client = stage.submit(Put(key, hold=hold))
    number = len(stage.runs)
    await stage.until(lambda: len(stage.runs) > number)
    await stage.put_there(key)
    hold.set()
    assert await client == ("taken", 1)


def test_after_a_conflict_the_next_attempt_is_cautious(play: Play) -> None:
    async def story(stage: Stage) -> None:
        await beaten(stage, "a")
        assert [run.cautious for run in stage.runs] == [False, True]

    play(story)


def test_what_was_contended_is_cared_for_a_while_and_nothing_else_is(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "CAUTIOUS_SECONDS", 0.5)

    async def story(stage: Stage) -> None:
        await beaten(stage, "a")
        await stage.submit(Put("other"))
        await stage.submit(Put("a"))
        assert [run.cautious for run in stage.runs[2:]] == [False, True]
        await asyncio.sleep(0.6)
        await stage.submit(Put("a"))
        assert not stage.runs[-1].cautious

    play(story)
