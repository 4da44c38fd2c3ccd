"""Turns: one tenant's lists are read two at a time, and nobody else's wait for them."""

import asyncio

from dues.db.database import Database
from dues.db.errors import Unavailable
from dues.lists.turns import AT_A_TIME, Turns

SLOW = "select pg_sleep(0.5)"


def test_no_more_than_two_statements_of_a_tenant_run_at_a_time(database_url: str) -> None:
    async def run() -> tuple[int, float]:
        database = await Database.connect(database_url, 12, application_name="turns")
        try:
            turns = Turns(database)
            floods = [asyncio.create_task(turns.share_of(1).rows(SLOW)) for _ in range(8)]
            await asyncio.sleep(0.2)
            [row] = await database.rows(
                "select count(*) as running from pg_stat_activity"
                " where application_name = 'turns' and state = 'active' and query = $1",
                SLOW,
            )
            started = asyncio.get_running_loop().time()
            await turns.share_of(2).rows("select 1")
            waited = asyncio.get_running_loop().time() - started
            await asyncio.gather(*floods)
            return row["running"], waited
        finally:
            await database.close()

    running, another_waited = asyncio.run(run())
    assert running == AT_A_TIME
    assert another_waited < 0.3


def test_whoever_fails_gives_the_turn_back(database_url: str) -> None:
    async def run() -> int:
        database = await Database.connect(database_url, 4)
        try:
            share = Turns(database).share_of(1)
            broken = [share.rows("select 1 / 0") for _ in range(2 * AT_A_TIME)]
            failed = await asyncio.gather(*broken, return_exceptions=True)
            waiting = [asyncio.create_task(share.rows(SLOW)) for _ in range(2 * AT_A_TIME)]
            await asyncio.sleep(0.05)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            async with asyncio.timeout(5):
                [row] = await share.rows("select 1 as one")
            assert row["one"] == 1
            return sum(isinstance(one, Exception) for one in failed)
        finally:
            await database.close()

    assert asyncio.run(run()) == 2 * AT_A_TIME


def test_whose_turn_does_not_come_is_told_to_come_again(database_url: str) -> None:
    async def run() -> tuple[list[object], int]:
        database = await Database.connect(database_url, 4)
        try:
            share = Turns(database, turn_seconds=0.2).share_of(1)
            waiting = [asyncio.create_task(share.rows(SLOW)) for _ in range(AT_A_TIME + 3)]
            outcomes: list[object] = list(await asyncio.gather(*waiting, return_exceptions=True))
            [row] = await share.rows("select 1 as one")
            return outcomes, row["one"]
        finally:
            await database.close()

    outcomes, afterwards = asyncio.run(run())
    assert [type(outcome) for outcome in outcomes[AT_A_TIME:]] == [Unavailable] * 3
    assert not any(isinstance(outcome, Exception) for outcome in outcomes[:AT_A_TIME])
    assert afterwards == 1


def test_a_share_is_kept_no_longer_than_it_is_used(database_url: str) -> None:
    async def run() -> tuple[bool, int]:
        database = await Database.connect(database_url, 1)
        try:
            turns = Turns(database)
            share = turns.share_of(1)
            same = turns.share_of(1) is share
            del share
            return same, len(turns._shares)
        finally:
            await database.close()

    assert asyncio.run(run()) == (True, 0)
