"""Claims: what two requests are about alike is never in two groups at once, and nobody is overtaken for ever."""

import asyncio
from uuid import uuid4

from dues.work.group_commit import GROUPS_IN_FLIGHT
from tests.work.stage import Play, Put, Stage, answers_of, turns


def test_two_with_a_common_claim_are_never_in_work_at_once(play: Play) -> None:
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


def test_two_commands_with_a_common_claim_are_never_in_work_at_once(play: Play) -> None:
    async def story(stage: Stage) -> None:
        hold = asyncio.Event()
        first = stage.submit(Put("first", hold=hold, alone=("x",)))
        await stage.until(lambda: len(stage.groups) == 1)
        second = stage.submit(Put("second", alone=("x",)), name="also_put")
        await asyncio.sleep(0.05)
        assert stage.groups == [["first"]]
        hold.set()
        assert await answers_of(first, second) == [("written", 1)] * 2

    play(story)


def test_of_two_that_arrive_together_with_a_common_claim_the_second_sees_the_first(
    play: Play,
) -> None:
    async def story(stage: Stage) -> None:
        answers = await asyncio.gather(*(stage.submit(Put("same")) for _ in range(20)))
        assert answers == [("written", 20)] + [("taken", 20)] * 19
        assert stage.groups == [["same"] * 20]

    play(story)


def test_who_waits_for_two_things_is_not_overtaken_by_who_needs_one_of_them(play: Play) -> None:
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
        assert stage.groups == [["first"], ["free"], ["both", "behind"]]

    play(story)


def test_another_command_is_not_overtaken_for_ever(play: Play) -> None:
    async def story(stage: Stage) -> None:
        hold, holders = await stage.occupy()  # every connection is there from here on
        hold.set()
        await asyncio.gather(*holders)
        stop = asyncio.Event()

        async def stream() -> None:
            while not stop.is_set():
                await stage.submit(Put(uuid4().hex))

        streams = [asyncio.create_task(stream()) for _ in range(30)]
        await stage.until(lambda: len(stage.groups) > 10)
        before = len(stage.groups)
        await stage.submit(Put("rare"), name="also_put")
        [where] = [number for number, group in enumerate(stage.groups) if "rare" in group]
        assert where - before <= 2 * GROUPS_IN_FLIGHT
        stop.set()
        await asyncio.gather(*streams)

    play(story)
