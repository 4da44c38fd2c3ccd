"""Group commit, against the real database, with small jobs over a table of the test's own."""

import asyncio
import time

import pytest

from dues.db.errors import Contradiction
from dues.work.group_commit import GROUPS_IN_FLIGHT, GroupCommit
from dues.work.queue import GROUP_COST_MAX
from tests.work.stage import SOON_SECONDS, BoomError, Play, Put, Stage, Toll, answers_of, turns

# Groups ---------------------------------------------------------------------------------------------------------


def test_a_quiet_server_makes_groups_of_one_at_once(play: Play) -> None:
    async def story(stage: Stage) -> None:
        fastest = 1.0
        for number in range(10):
            started = time.monotonic()
            assert await stage.submit(Put(f"{number}")) == ("written", 1)
            fastest = min(fastest, time.monotonic() - started)
        assert stage.groups == [[f"{number}"] for number in range(10)]
        assert fastest < 0.05, "it waits for a timer"

    play(story)


def test_requests_that_arrive_together_share_a_group(play: Play) -> None:
    async def story(stage: Stage) -> None:
        clients = [stage.submit(Put(f"{number}")) for number in range(10)]
        assert await answers_of(*clients) == [("written", 10)] * 10
        assert stage.groups == [[f"{number}" for number in range(10)]]

    play(story)


def test_requests_that_arrive_while_groups_are_committed_share_the_next(play: Play) -> None:
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


def test_who_waits_goes_as_soon_as_a_group_ends_though_nobody_else_arrives(play: Play) -> None:
    async def story(stage: Stage) -> None:
        for number in range(5):
            stage.runs.clear()
            hold, holders = await stage.occupy()
            late = stage.submit(Put(f"late {number}"))
            await turns()
            hold.set()
            async with asyncio.timeout(SOON_SECONDS):
                assert await late == ("written", 1)
            await asyncio.gather(*holders)
            await stage.database.rows(f"delete from {stage.table} where key like 'holder%'")

    play(story)


def test_with_one_group_at_a_time_who_waits_goes_too(play: Play) -> None:
    async def story(stage: Stage) -> None:
        stage.work = GroupCommit(stage.database, stage.carry_out, groups_in_flight=1)
        hold, holders = await stage.occupy(1)
        late = stage.submit(Put("late"))
        await turns()
        hold.set()
        async with asyncio.timeout(SOON_SECONDS):
            assert await late == ("written", 1)
        await asyncio.gather(*holders)

    play(story)


def test_a_group_that_ends_makes_room_while_another_is_still_in_work(play: Play) -> None:
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


def test_a_group_has_an_upper_size_and_keeps_the_order(play: Play) -> None:
    async def story(stage: Stage) -> None:
        names = [f"{number}" for number in range(2 * GROUP_COST_MAX + 44)]
        await asyncio.gather(*(stage.submit(Put(name)) for name in names))
        # Two are under way at once: which of them is noted first is chance.
        groups = sorted(stage.groups, key=lambda group: int(group[0]))
        assert [len(group) for group in groups] == [GROUP_COST_MAX, GROUP_COST_MAX, 44]
        assert [name for group in groups for name in group] == names

    play(story)


def test_commands_of_different_kinds_share_a_group_and_are_decided_in_order(play: Play) -> None:
    async def story(stage: Stage) -> None:
        clients = [stage.submit(Put(f"{number}"), name="put" if number % 2 else "also_put") for number in range(10)]
        assert await answers_of(*clients) == [("written", 10)] * 10
        assert stage.groups == [[f"{number}" for number in range(10)]]

    play(story)


def test_a_group_is_full_by_what_its_requests_weigh(play: Play) -> None:
    async def story(stage: Stage) -> None:
        weight = GROUP_COST_MAX // 4
        await asyncio.gather(*(stage.submit(Put(f"{number}"), cost=weight) for number in range(10)))
        # Two are under way at once: which of them is noted first is chance.
        assert sorted(len(group) for group in stage.groups) == [2, 4, 4]

    play(story)


def test_a_request_that_weighs_more_than_a_group_may_goes_alone(play: Play) -> None:
    async def story(stage: Stage) -> None:
        clients = [stage.submit(Put("light")), stage.submit(Put("heavy"), cost=10 * GROUP_COST_MAX)]
        clients += [stage.submit(Put("another"))]
        assert await answers_of(*clients) == [("written", 1)] * 3
        assert ["heavy"] in stage.groups

    play(story)


def test_who_must_be_alone_is_alone(play: Play) -> None:
    async def story(stage: Stage) -> None:
        hold, holders = await stage.occupy()
        clients = [stage.submit(Put(f"{number}"), is_alone=number == 2) for number in range(5)]
        await turns()
        hold.set()
        await asyncio.gather(*clients, *holders)
        assert sorted(stage.groups[GROUPS_IN_FLIGHT:]) == [["0", "1"], ["2"], ["3", "4"]]

    play(story)


def test_groups_are_observed_by_command_and_size(play: Play) -> None:
    async def story(stage: Stage) -> None:
        seen: list[tuple[str, int]] = []
        stage.work = GroupCommit(
            stage.database, stage.carry_out, observe=lambda command, size: seen.append((command, size))
        )
        await asyncio.gather(*(stage.submit(Put(f"{number}")) for number in range(3)))
        await stage.submit(Put("another"), name="also_put")
        assert seen == [("put", 3), ("also_put", 1)]

    play(story)


# Nothing is answered before COMMIT --------------------------------------------------------------------------------


def test_an_answer_is_durable_when_it_is_given(play: Play) -> None:
    async def story(stage: Stage) -> None:
        async def client(name: str) -> None:
            assert (await stage.submit(Put(name)))[0] == "written"
            assert name in await stage.written()

        await asyncio.gather(*(client(f"{number}") for number in range(30)))

    play(story)


def test_nothing_is_answered_before_its_commit_is_done(play: Play) -> None:
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


def test_a_commit_that_fails_fails_only_who_made_it_fail(play: Play) -> None:
    async def story(stage: Stage) -> None:
        await Toll(stage).build()
        good, evil = [stage.submit(Put("a")), stage.submit(Put("b"))], stage.submit(Put("evil"))
        assert [answer for answer, _ in await asyncio.gather(*good)] == ["written", "written"]
        with pytest.raises(Contradiction):
            await evil
        assert set(await stage.written()) == {"a", "b"}

    play(story)


# Clients who leave ------------------------------------------------------------------------------------------------


def test_who_leaves_while_waiting_gets_no_work_done(play: Play) -> None:
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


def test_who_leaves_while_in_work_disturbs_nobody(play: Play) -> None:
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


def test_who_leaves_a_group_that_fails_disturbs_nobody(play: Play) -> None:
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


def test_drain_waits_for_what_is_in_work_and_what_waits(play: Play) -> None:
    async def story(stage: Stage) -> None:
        await stage.work.drain()
        hold, holders = await stage.occupy()
        clients = [stage.submit(Put(f"{number}")) for number in range(GROUP_COST_MAX + 5)]
        clients += [stage.submit(Put("0"), name="also_put")]
        await turns()
        drained = asyncio.create_task(stage.work.drain())
        await asyncio.sleep(0.05)
        assert not drained.done()
        hold.set()
        async with asyncio.timeout(SOON_SECONDS):
            await drained
        await turns()
        assert all(client.done() for client in (*holders, *clients))
        assert len(await stage.written()) == GROUPS_IN_FLIGHT + GROUP_COST_MAX + 5

    play(story)


def test_drain_returns_when_everybody_who_waited_has_left(play: Play) -> None:
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
