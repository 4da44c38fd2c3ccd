"""How tenants and cells share what there is: groups from all tenants in turn, and so many groups of each cell."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from dues.domain.tenants import Tenant
from dues.work import line
from dues.work.group_commit import GROUPS_IN_FLIGHT, GroupCommit
from dues.work.queue import SHARE_MAX
from dues.work.work import Work
from tests.work.stage import ALICE, BOB, ELSEWHERE, BoomError, Job, Play, Put, Stage, answers_of, turns


def test_who_asks_for_little_goes_beside_who_floods(play: Play) -> None:
    async def story(stage: Stage) -> None:
        hold, holders = await stage.occupy()
        flood = [stage.submit(Put(f"flood {number}")) for number in range(300)]
        few = [stage.submit(Put(f"few {number}"), tenant=BOB) for number in range(3)]
        await turns()
        hold.set()
        await asyncio.gather(*flood, *few, *holders)
        first = stage.groups[GROUPS_IN_FLIGHT]
        assert {f"few {number}" for number in range(3)} <= set(first)

    play(story)


def test_while_several_tenants_ask_none_has_more_of_a_group_than_its_share(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "SEVERAL_SECONDS", 10.0)

    async def story(stage: Stage) -> None:
        hold, holders = await stage.occupy()
        flood = [stage.submit(Put(f"flood {number}")) for number in range(50)]
        few = stage.submit(Put("few"), tenant=BOB)
        await turns()
        hold.set()
        await asyncio.gather(*flood, few, *holders)
        shares = [sum(key != "few" for key in group) for group in stage.groups[GROUPS_IN_FLIGHT:]]
        assert shares == [SHARE_MAX] * (50 // SHARE_MAX) + [50 % SHARE_MAX], "the other asked a moment ago"

    play(story)


def test_who_is_alone_in_asking_has_whole_groups_again(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "SEVERAL_SECONDS", 0.05)

    async def story(stage: Stage) -> None:
        await stage.submit(Put("few"), tenant=BOB)
        await asyncio.sleep(0.1)
        assert await answers_of(*(stage.submit(Put(f"{number}")) for number in range(50))) == [("written", 50)] * 50

    play(story)


def test_a_group_is_of_one_cell_and_written_to_it(play: Play) -> None:
    async def story(stage: Stage) -> None:
        stage.work = GroupCommit(stage.database, stage.carry_out, groups_max=4)
        tenants = [ALICE, ELSEWHERE, BOB] * 5
        await asyncio.gather(*(stage.submit(Put(f"{n}"), tenant=tenant) for n, tenant in enumerate(tenants)))
        assert sorted((run.cell, sorted(run.keys, key=int)) for run in stage.runs) == [
            (1, [f"{number}" for number in range(15) if number % 3 != 1]),
            (2, [f"{number}" for number in range(1, 15, 3)]),
        ]
        rows = await stage.database.rows(f"select key, cell from {stage.table}")
        assert {row["key"]: row["cell"] for row in rows} == {f"{n}": tenants[n].cell for n in range(15)}

    play(story)


def test_a_cell_has_so_many_groups_in_flight_and_leaves_the_others_their_own(play: Play) -> None:
    async def story(stage: Stage) -> None:
        stage.work = GroupCommit(stage.database, stage.carry_out, groups_in_flight=2, groups_max=3)
        hold, holders = await stage.occupy(2)
        same, other = stage.submit(Put("same")), stage.submit(Put("other"), tenant=ELSEWHERE)
        assert await other == ("written", 1)
        await asyncio.sleep(0.05)
        assert not same.done()
        assert len(stage.runs) == 3
        hold.set()
        await asyncio.gather(same, *holders)

    play(story)


def test_all_cells_together_have_no_more_groups_in_flight_than_there_may_be(play: Play) -> None:
    async def story(stage: Stage) -> None:
        at_once, most = 0, 0

        async def count(work: Work, jobs: Sequence[Job]) -> list[None]:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await work.tx.find("select pg_sleep(0.01)")
            at_once -= 1
            return [None for _ in jobs]

        commits = GroupCommit(stage.database, count, groups_max=3)
        jobs = [Job(tenant=Tenant(cell, cell), is_alone=True) for cell in range(1, 9) for _ in range(4)]
        await asyncio.gather(*(commits.submit(job) for job in jobs))
        assert most == 3

    play(story)


def test_cells_take_turns(play: Play) -> None:
    async def story(stage: Stage) -> None:
        stage.work = GroupCommit(stage.database, stage.carry_out, groups_in_flight=1, groups_max=1)
        hold, holders = await stage.occupy(1)
        many = [stage.submit(Put(f"{number}"), is_alone=True) for number in range(6)]
        other = stage.submit(Put("other"), tenant=ELSEWHERE)
        await turns()
        hold.set()
        await answers_of(*many, other, *holders)
        assert stage.groups.index(["other"]) <= 2

    play(story)


def test_whose_data_was_changed_is_told_once_it_is_committed_and_not_before(play: Play) -> None:
    async def story(stage: Stage) -> None:
        told: list[set[Tenant]] = []

        def committed(tenants: Iterable[Tenant]) -> None:
            told.append(set(tenants))

        stage.work = GroupCommit(stage.database, stage.carry_out, committed=committed)
        hold = asyncio.Event()
        clients: list[Any] = [stage.submit(Put("a", hold=hold)), stage.submit(Put("b"), tenant=BOB)]
        await stage.until(lambda: len(stage.runs) == 1)
        assert told == []
        hold.set()
        await asyncio.gather(*clients)
        assert told == [{ALICE, BOB}]
        await asyncio.gather(stage.submit(Put("c", boom=BoomError())), return_exceptions=True)
        assert told == [{ALICE, BOB}]

    play(story)
