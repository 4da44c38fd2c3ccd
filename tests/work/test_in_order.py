"""What was sent together: in its order, slice by slice or all at once, and who is guilty is told so alone."""

import asyncio

import pytest

from dues.db.errors import Unavailable
from dues.work.group_commit import Failed
from dues.work.in_order import AT_A_TIME, InOrder, RefusedError, Together
from dues.work.queue import GROUP_COST_MAX
from tests.work.stage import ALICE, BOB, BoomError, Job, Play, Put, Stage


def jobs(*bodies: Put) -> list[Job]:
    return [Job(body, claims=frozenset((body.key,))) for body in bodies]


def together(stage: Stage) -> Together:
    return Together(stage.work, stage.carry_out, asyncio.Semaphore(2))


def test_slices_are_no_larger_than_groups_and_one_follows_the_other(play: Play) -> None:
    async def story(stage: Stage) -> None:
        sent = jobs(*(Put(f"{number:03}") for number in range(2 * GROUP_COST_MAX + 1)), Put("000"))
        answers = await together(stage).each(sent)
        assert answers == ["written"] * (len(sent) - 1) + ["taken"]
        assert [len(keys) for keys in stage.groups] == [GROUP_COST_MAX, GROUP_COST_MAX, 2]
        heavy = [Job(Put(f"heavy {number}"), cost=GROUP_COST_MAX + number) for number in range(2)]
        assert await together(stage).each(heavy) == ["written"] * 2

    play(story)


def test_only_who_is_guilty_of_a_failure_gets_it(play: Play) -> None:
    async def story(stage: Stage) -> None:
        boom, alone = BoomError(), BoomError()
        sent = jobs(Put("0"), Put("1", boom=boom), Put("2", fails=alone), Put("3", value=-1), Put("4"))
        answers = await together(stage).each(sent)
        assert (answers[0], answers[4]) == ("written", "written")
        errors = [answer.error for answer in answers[1:4] if isinstance(answer, Failed)]
        assert errors[:2] == [boom, alone]
        assert len(errors) == 3
        assert set(await stage.written()) == {"0", "4"}

    play(story)


def test_all_are_written_or_none(play: Play) -> None:
    async def story(stage: Stage) -> None:
        await stage.put_there("taken")
        for bad in (Put("taken"), Put("c", fails=BoomError())):
            with pytest.raises(RefusedError) as refused:
                await together(stage).all(jobs(Put("a"), bad, Put("b")), lambda answer: answer == "taken")
            assert refused.value.position == 1
            with pytest.raises(BoomError):
                await together(stage).all(jobs(Put("a"), Put("b", boom=BoomError())), lambda _: False)
        assert set(await stage.written()) == {"taken"}
        assert await together(stage).all(jobs(Put("a"), Put("b")), lambda _: False) == ["written"] * 2

    play(story)


def test_once_the_database_is_away_nothing_more_is_tried(play: Play) -> None:
    async def story(stage: Stage) -> None:
        away = Unavailable("away")
        sent = jobs(Put("0"), Put("1", boom=away), *(Put(f"{number}") for number in range(2, 300)))
        of_these = together(stage)
        answers = await of_these.each(sent)
        assert {type(answer) for answer in answers} == {Failed}
        assert {answer.error for answer in answers} == {away}
        assert (len(answers), len(stage.runs)) == (300, 1)
        assert isinstance((await of_these.each(jobs(Put("x"))))[0], Failed)
        assert await stage.written() == {}

    play(story)


def test_a_tenant_has_few_turns_at_a_time_and_takes_none_of_anothers(play: Play) -> None:
    async def story(stage: Stage) -> None:
        in_order = InOrder(stage.work, stage.carry_out, turn_seconds=0.1)
        async with in_order.turn_of(ALICE), in_order.turn_of(ALICE), in_order.turn_of(BOB):
            assert AT_A_TIME == 2
            with pytest.raises(Unavailable):
                async with in_order.turn_of(ALICE):
                    pass
        async with in_order.turn_of(ALICE):
            pass

    play(story)
