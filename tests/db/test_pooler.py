"""Where a session is lent for a transaction, nothing is asked outside of one, and nothing is left in it."""

import asyncio
from typing import Any

import pytest

from dues.db.database import SESSION, Database
from dues.db.errors import Conflict, LockTimeout
from dues.db.pooler import Mode, Pooler
from dues.db.pooler_seen import refuse_other_pooler
from tests.db.databases import EmptyDatabases, execute

LENT: tuple[Mode, ...] = ("transaction", "transaction-prepared")


@pytest.fixture
def url(databases: EmptyDatabases) -> str:
    """A database with one table."""
    made = databases.new()
    execute(made, "create table things (cell int, name text unique)")
    return made


INSERT = "insert into things select $1, n.name from unnest($2::text[]) as n(name)"

SHOW = "select lower(name) as name, setting from pg_settings where lower(name) = any($1::text[])"


def run(url: str, mode: Mode, work: Any, **session: str) -> Any:
    """What `work` returns of a pool of one connection."""

    async def do() -> Any:
        database = await Database.connect(url, 1, Pooler(mode), **session)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(do())


async def in_force(database: Database) -> dict[str, str]:
    """The parameters of the session that dues gives it."""
    return {
        row["name"]: row["setting"]
        for row in await database.rows(SHOW, [*SESSION, "jit_above_cost", "synchronous_commit", "statement_timeout"])
    }


@pytest.mark.parametrize("mode", ["none", "session", *LENT])
def test_its_parameters_hold_by_whatever_way(url: str, mode: Mode) -> None:
    found = run(url, mode, in_force, synchronous_commit="off", statement_timeout="5s")
    assert found["lock_timeout"] == "4000"
    assert found["idle_in_transaction_session_timeout"] == "30000"
    assert found["plan_cache_mode"] == "force_generic_plan"
    assert (found["enable_seqscan"], found["timezone"]) == ("off", "UTC")
    assert found["jit"] == "off" or found["jit_above_cost"] == "-1"

    async def more(database: Database) -> str:
        [row] = await database.rows(
            "select current_setting('synchronous_commit') || current_setting($1) as both", "jit"
        )
        return str(row["both"])

    assert run(url, mode, more, synchronous_commit="off").startswith("off")


@pytest.mark.parametrize("mode", LENT)
def test_nothing_is_left_in_a_session_that_is_lent(url: str, mode: Mode) -> None:
    async def work(database: Database) -> tuple[list[Any], list[Any], str]:
        await database.rows("select $1::timestamptz[]", [])  # a type that the driver looks up
        async with database.transaction(7) as tx:
            tx.write(INSERT, [("a",)])
            await tx.commit()
        async with database.transaction(7) as tx:
            await tx.find("select from things")
        async with database._pool.connection() as connection:
            changed = await connection.fetch(
                "select name from pg_settings where source='session' and setting<>reset_val"
            )
            named = await connection.fetch("select name, statement from pg_prepared_statements")
            return [row["name"] for row in changed], named, await connection.execute("show transaction_isolation")

    changed, named, _ = run(url, mode, work)
    assert changed == []
    assert (len(named) > 2) == (mode == "transaction-prepared")


@pytest.mark.parametrize("mode", LENT)
def test_what_is_read_together_is_read_in_one_transaction(url: str, mode: Mode) -> None:
    async def work(database: Database) -> int:
        async with database.transaction() as tx:
            rows = [await tx.find("select pg_current_xact_id()::text as number") for _ in range(3)]
        return len({row["number"] for [row] in rows})

    assert run(url, mode, work) == 1
    assert run(url, "none", work) == 3, "where nothing lies between, nothing is begun"


@pytest.mark.parametrize("mode", LENT)
def test_a_transaction_is_whole_or_nothing(url: str, mode: Mode) -> None:
    async def names(database: Database) -> list[tuple[int, str]]:
        return [(row["cell"], row["name"]) for row in await database.rows("select * from things order by name")]

    async def write(database: Database, *some: str) -> None:
        async with database.transaction(7) as tx:
            await tx.find("select from things")
            tx.write(INSERT, [(name,) for name in some])
            await tx.commit()

    async def work(database: Database) -> list[Any]:
        await write(database, "a", "b")
        async with database.transaction(7) as tx:  # not committed
            await tx.lock("insert into things values (7, 'never')")
        with pytest.raises(Conflict):
            await write(database, "c", "a")
        with pytest.raises(Conflict):
            await database.rows("insert into things values (7, 'a')")
        await database.rows("insert into things values (8, 'd')")
        return await names(database)

    assert run(url, mode, work) == [(7, "a"), (7, "b"), (8, "d")]


@pytest.mark.parametrize("mode", LENT)
def test_waiting_has_an_end_there_too(url: str, mode: Mode) -> None:
    async def wait(database: Database) -> None:
        async with database.transaction() as tx:
            await tx.wait_at_most(0.05)
            await tx.lock("select from things")

    async def work(database: Database) -> None:
        other = await Database.connect(url, 1)
        async with other.transaction() as holds:
            await holds.lock("lock table things")
            with pytest.raises(LockTimeout):
                await wait(database)
        await other.close()

    run(url, mode, work)


def test_postgresql_itself_is_what_the_settings_say(url: str) -> None:
    for pooler in (Pooler(), Pooler("session"), Pooler("transaction", url), Pooler("transaction-prepared", url)):
        asyncio.run(refuse_other_pooler(url, pooler))
