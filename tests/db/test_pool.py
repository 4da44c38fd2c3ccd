"""What breaks is thrown away, with all that is as old; what is not answered is given up, and nothing is cancelled."""

import asyncio
import time
from urllib.parse import urlsplit

import pytest

from dues.db import pool as module
from dues.db.database import Database
from dues.db.durability import WAITS_FOR_NO_DISK, explain, what_is_not_waited_for
from dues.db.errors import Unavailable
from dues.db.hosts import target_of
from tests.conftest import Ask
from tests.db.databases import EmptyDatabases
from tests.db.proxy import Proxy
from tests.db.test_hosts import with_hosts

PID = "select pg_backend_pid() as pid, pg_sleep($1)"


async def sessions(database: Database) -> set[int]:
    """Three connections of a pool, each with something to do for a moment."""
    rows = await asyncio.gather(*(database.row(PID, 0.05) for _ in range(3)))
    return {row["pid"] for row in rows if row}


def test_one_connection_that_broke_takes_all_of_its_time_along(ask: Ask[None]) -> None:
    async def story(database: Database) -> None:
        before = await sessions(database)
        assert await sessions(database) & before, "they are used again"
        broken = asyncio.create_task(database.row(PID, 10))
        await asyncio.sleep(0.1)
        other = await Database.connect(database.url, 1)
        await other.rows(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid = any($1) and wait_event = 'PgSleep'",
            list(before),
        )
        with pytest.raises(Unavailable):
            await broken
        assert not await sessions(database) & before
        await other.close()

    ask(story)


def test_a_session_that_became_read_only_is_replaced(databases: EmptyDatabases) -> None:
    url = databases.new()
    name = urlsplit(url).path[1:]

    async def story() -> None:
        database = await Database.connect(url, 1)
        await database.rows("create table things (x integer)")
        before = await sessions(database)
        # It was whole a moment ago, as where a primary was demoted.
        await database.rows("set default_transaction_read_only = on")
        with pytest.raises(Unavailable, match="read-only"):
            await database.rows("insert into things values (1)")
        await database.rows("insert into things values (1)")
        assert not await sessions(database) & before
        await database.rows(f"alter database {name} set default_transaction_read_only = on")
        target_of(url).distrust()
        for _ in range(2):
            with pytest.raises(Unavailable, match="read-only"):
                await database.rows("insert into things values (1)")
        await database.rows("set default_transaction_read_only = off")
        await database.rows(f"alter database {name} reset default_transaction_read_only")
        await database.rows("insert into things values (1)")
        await database.close()

    asyncio.run(story())


def test_silence_is_given_up_and_asks_for_nothing_to_be_cancelled(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.3)

    async def story(first: Proxy, second: Proxy) -> None:
        database = await Database.connect(second.url(first.port), 2)
        first.freeze()
        began = time.monotonic()
        with pytest.raises(Unavailable, match="closed in the middle"):
            await database.row(PID, 0.0)
        assert 0.3 <= time.monotonic() - began < 2
        assert first.calls == 1, "a request to cancel would be another call"
        assert await database.rows("select 1")
        assert second.calls
        await database.close()

    with_hosts(database_url, story)


def test_two_at_once_on_one_connection_are_unavailable_and_heal(ask: Ask[None]) -> None:
    async def story(database: Database) -> None:
        async with database.transaction() as tx:
            first = asyncio.create_task(tx.find("select pg_sleep(0.2)"))
            await asyncio.sleep(0.05)
            with pytest.raises(Unavailable, match="another operation"):
                await tx.find("select 1")
            await asyncio.gather(first, return_exceptions=True)
        assert await database.rows("select 1")

    ask(story)


@pytest.mark.parametrize(
    ("commits", "has_standby", "said"),
    [
        ("on", True, ""),
        ("remote_apply", True, ""),
        ("local", False, ""),
        ("off", False, "in a crash"),
        ("off", True, "in a fail-over"),
        ("local", True, "in a fail-over"),
        ("remote_write", True, "where the standby crashes"),
    ],
)
def test_what_commits_do_not_wait_for(commits: str, has_standby: bool, said: str) -> None:
    told = explain(commits, has_standby=has_standby)
    assert bool(told) == bool(said)
    assert said in (told or "")


def test_what_commits_of_a_database_do_not_wait_for(database_url: str) -> None:
    async def story() -> None:
        for setting, said in ("on", None), ("off", WAITS_FOR_NO_DISK):
            database = await Database.connect(database_url, 1, synchronous_commit=setting)
            assert await what_is_not_waited_for(database) == said
            await database.close()

    asyncio.run(story())
