"""One transaction: what is put off is written together, and all of it stands or nothing does."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dues.db.database import Database
from dues.db.errors import Conflict, LockTimeout, Unavailable
from dues.db.pooler import DIRECT, Pooler
from dues.db.transaction import combined


@dataclass
class Stage:
    """Two tables, the second of which belongs to the first, and a pool of connections."""

    database: Database
    url: str
    schema: str

    def __post_init__(self) -> None:
        owners, things = f"{self.schema}.owners", f"{self.schema}.things"
        self.insert_owners = f"insert into {owners} select *, $1::integer from unnest($2::text[], $3::bigint[])"
        self.insert_things = f"insert into {things} select *, $1::integer from unnest($2::text[], $3::text[])"
        self.lock_owner = f"select value from {self.schema}.owners where name = $1 for update"

    async def build(self) -> None:
        """Makes the tables."""
        await self.database.rows(f"create schema {self.schema}")
        await self.database.rows(
            f"create table {self.schema}.owners (name text primary key, value bigint, cell integer)"
        )
        await self.database.rows(
            f"create table {self.schema}.things"
            f" (name text primary key, owner text references {self.schema}.owners, cell integer)"
        )

    async def owners(self) -> dict[str, int]:
        """What another connection sees."""
        rows = await self.database.rows(f"select name, value from {self.schema}.owners")
        return {row["name"]: row["value"] for row in rows}

    async def things(self) -> dict[str, str]:
        """What another connection sees."""
        rows = await self.database.rows(f"select name, owner from {self.schema}.things")
        return {row["name"]: row["owner"] for row in rows}

    async def open_transactions(self) -> int:
        """How many connections of this test's pool hold a transaction open."""
        rows = await self.database.rows(
            "select count(*) as n from pg_stat_activity where state like 'idle in transaction%' and query like $1",
            f"%{self.schema}%",
        )
        found: int = rows[0]["n"]
        return found


Story = Callable[[Stage], Awaitable[None]]


@pytest.fixture
def play(database_url: str) -> Callable[[Story], None]:
    """Runs a story on a stage of its own."""

    async def on_stage(story: Story) -> None:
        database = await Database.connect(database_url, 5)
        stage = Stage(database, database_url, f"scratch_{uuid4().hex}")
        await stage.build()
        try:
            async with asyncio.timeout(30):
                await story(stage)
        finally:
            await database.rows(f"drop schema {stage.schema} cascade")
            await database.close()

    return lambda story: asyncio.run(on_stage(story))


# Combining --------------------------------------------------------------------------------------------------------


def test_combined_numbers_parameters_on_but_for_the_cell_which_all_share() -> None:
    text, _ = combined(("insert into a select $1, $2, $3", "insert into b select $1, $3, $2, $1", "select $1, $10, $2"))
    assert text == (
        "with w2 as (select $1, $14, $6), w1 as (insert into b select $1, $5, $4, $1),"
        " w0 as (insert into a select $1, $2, $3) select"
    )


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_combined_gives_every_statement_parameters_of_its_own(counts: list[int]) -> None:
    statements = tuple(f"s {' '.join(f'<${number}>' for number in range(1, count + 2))}" for count in counts)
    wanted, first = list[list[str]](), 2
    for count in counts:
        wanted.append(["<$1>", *(f"<${number}>" for number in range(first, first + count))])
        first += count
    text, integers = combined(statements)
    assert len(integers) == sum(counts)
    text = text.replace(",", "")
    pieces = [[word.strip("()") for word in piece.split() if "<" in word] for piece in text.split(" as ")[1:]]
    assert pieces == wanted[::-1]


def test_what_is_combined_is_carried_out_in_its_order(play: Callable[[Story], None]) -> None:
    """PostgreSQL promises no order, and has one. Locks are taken by it, so a server with another must be noticed."""

    async def story(stage: Stage) -> None:
        await stage.database.rows(f"create sequence {stage.schema}.turn")
        tables = [f"{stage.schema}.table_{number}" for number in range(6)]
        for table in tables:
            turn = f"bigint not null default nextval('{stage.schema}.turn')"
            await stage.database.rows(f"create table {table} (name text primary key, cell integer, turn {turn})")

        def insert(table: str) -> str:
            return f"insert into {table} (name, cell) select name, $1::integer from unnest($2::text[]) as new(name)"

        def update(table: str) -> str:
            return (
                f"update {table} t set cell = $1, turn = default from unnest($2::text[]) as new(name)"
                " where t.name = new.name"
            )

        for order in (tables, tables[::-1], tables[3:] + tables[:3]):
            for statement in (insert, update):
                async with stage.database.transaction(7) as tx:
                    for table in order:
                        tx.write(statement(table), [("a",), ("b",)])
                    await tx.commit()
                turns = {}
                for table in tables:
                    rows = await stage.database.rows(f"select turn, cell from {table} order by turn")
                    assert {row["cell"] for row in rows} == {7}
                    turns[table] = [row["turn"] for row in rows]
                carried_out = [turn for table in order for turn in turns[table]]
                assert carried_out == sorted(carried_out)
            for table in tables:
                await stage.database.rows(f"truncate {table}")

    play(story)


def test_a_transaction_writes_to_its_cell(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        for cell in (1, 5):
            async with stage.database.transaction(cell) as tx:
                assert tx.cell == cell
                tx.write(stage.insert_owners, [(f"owner {cell}", 1)])
                await tx.commit()
        rows = await stage.database.rows(f"select name, cell from {stage.schema}.owners order by name")
        assert [tuple(row.values()) for row in rows] == [("owner 1", 1), ("owner 5", 5)]

    play(story)


# Writing ----------------------------------------------------------------------------------------------------------


def test_what_is_put_off_is_written_at_commit_in_one_go(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        async with stage.database.transaction() as tx:
            tx.write(stage.insert_things, [("t1", "o1"), ("t2", "o2")])
            tx.write(stage.insert_owners, [("o1", 1)])
            tx.write(stage.insert_owners, [("o2", 2)])
            tx.write(stage.insert_things, [])
            assert await stage.owners() == {}
            await tx.commit()
        # What belongs to another row may even be named before it: the statement is one.
        assert await stage.owners() == {"o1": 1, "o2": 2}
        assert await stage.things() == {"t1": "o1", "t2": "o2"}

    play(story)


safe = st.integers(-(2**53) + 1, 2**53 - 1)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=11))])
rows_of_everything = st.lists(
    st.tuples(
        st.integers(0, 9),
        *map(
            st.none().__or__,
            (safe, st.text("NULL,{}'\"é\\ \n\x1f😀"), st.booleans(), st.binary(), st.datetimes(timezones=zones)),
        ),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25)
@given(st.lists(rows_of_everything, min_size=1, max_size=3))
def test_every_row_is_written_as_it_was_put_off(database_url: str, written: list[list[tuple[object, ...]]]) -> None:
    """Whatever of it is null, of one row or of all."""
    types = ("integer", "bigint", "text", "boolean", "bytea", "timestamptz")
    arrays = ", ".join(f"${number}::{one}[]" for number, one in enumerate(types, 2))

    async def write() -> list[list[tuple[object, ...]]]:
        database = await Database.connect(database_url, 1)
        try:
            async with database.transaction(3) as tx:
                columns = ", ".join(f"{letter} {one}" for letter, one in zip("abcdef", types, strict=True))
                names = [f"written_{number}" for number, _ in enumerate(written)]
                for name, rows in zip(names, written, strict=True):
                    await tx.lock(f"create temporary table {name} (cell integer, number serial, {columns})")
                    insert = f"insert into {name} (cell, a, b, c, d, e, f) select $1::integer, * from unnest({arrays})"
                    tx.write(insert, rows)
                await tx.commit()
            return [
                [
                    tuple(row.values())
                    for row in await database.rows(f"select a, b, c, d, e, f from {name} order by number")
                ]
                for name in names
            ]
        finally:
            await database.close()

    assert asyncio.run(write()) == written


def test_without_commit_nothing_stands(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        async with stage.database.transaction() as tx:
            tx.write(stage.insert_owners, [("put off", 1)])

        async def fail() -> None:
            async with stage.database.transaction() as tx:
                await tx.lock(f"insert into {stage.schema}.owners values ('at once', 1)")
                tx.write(stage.insert_owners, [("put off", 1)])
                raise KeyError

        with pytest.raises(KeyError):
            await fail()
        assert await stage.owners() == {}
        assert await stage.open_transactions() == 0

    play(story)


def test_leaving_without_commit_ends_what_was_begun(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        complaints: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about["message"]))
        async with stage.database.transaction() as tx:
            await tx.lock(f"insert into {stage.schema}.owners values ('a', 1)")
        assert await stage.owners() == {}
        assert await stage.open_transactions() == 0
        # The next one on the same connections is not part of what was left.
        for number in range(6):
            async with stage.database.transaction() as tx:
                tx.write(stage.insert_owners, [(f"next {number}", 1)])
                await tx.commit()
        assert len(await stage.owners()) == 6
        assert complaints == [], "the driver had to tidy up"

    play(story)


def test_all_tables_are_written_or_none(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        async def write() -> None:
            async with stage.database.transaction() as tx:
                tx.write(stage.insert_owners, [("o1", 1)])
                tx.write(stage.insert_things, [("t1", "o1"), ("t2", "nobody")])
                await tx.commit()

        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await write()
        assert (await stage.owners(), await stage.things()) == ({}, {})

    play(story)


def test_a_row_that_another_wrote_first_is_a_conflict(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        async def write(locks: bool) -> None:
            async with stage.database.transaction() as tx:
                if locks:
                    await tx.lock(stage.lock_owner, "o1")
                tx.write(stage.insert_owners, [("fresh", 2), ("o1", 2)])
                await tx.commit()

        await stage.database.rows(stage.insert_owners, 1, ["o1"], [1])
        for locks in (False, True):
            with pytest.raises(Conflict):
                await write(locks)
        assert await stage.owners() == {"o1": 1}
        assert await stage.open_transactions() == 0

    play(story)


# Locking ----------------------------------------------------------------------------------------------------------


def test_what_is_locked_stays_so_until_commit(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        await stage.database.rows(stage.insert_owners, 1, ["o1"], [0])
        running = 0

        async def add_one() -> None:
            nonlocal running
            async with stage.database.transaction() as tx:
                value = (await tx.lock(stage.lock_owner, "o1"))[0]["value"]
                running += 1
                assert running == 1
                await asyncio.sleep(0.005)
                await tx.lock(f"update {stage.schema}.owners set value = $1 where name = 'o1'", value + 1)
                tx.write(stage.insert_things, [(f"t{value}", "o1")])
                running -= 1
                await tx.commit()

        await asyncio.gather(*(add_one() for _ in range(20)))
        assert await stage.owners() == {"o1": 20}
        assert len(await stage.things()) == 20
        assert await stage.open_transactions() == 0

    play(story)


def test_a_lock_held_by_others_for_too_long_is_a_lock_timeout(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        async def lock() -> None:
            async with stage.database.transaction() as tx:
                await tx.lock("set local lock_timeout = '50ms'")
                await tx.lock(stage.lock_owner, "o1")

        await stage.database.rows(stage.insert_owners, 1, ["o1"], [0])
        async with stage.database.transaction() as other:
            await other.lock(stage.lock_owner, "o1")
            with pytest.raises(LockTimeout):
                await lock()
            # What was set for one transaction is forgotten with it.
            for row in await asyncio.gather(*(stage.database.row("show lock_timeout") for _ in range(4))):
                assert row
                assert row["lock_timeout"] == "4s"

    play(story)


def test_what_happened_is_told_even_if_the_connection_broke_too(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        async def fail() -> None:
            async with stage.database.transaction() as tx:
                pid = (await tx.lock("select pg_backend_pid() as pid"))[0]["pid"]
                await stage.database.rows("select pg_terminate_backend($1, 5000)", pid)
                raise KeyError

        with pytest.raises(KeyError):
            await fail()

    play(story)


# Trouble ----------------------------------------------------------------------------------------------------------


def test_who_is_cancelled_in_mid_statement_leaves_nothing(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        for query in ("select pg_sleep(10)", f"insert into {stage.schema}.owners select 'a', 1 from pg_sleep(10)"):

            async def slow(query: str = query) -> None:
                async with stage.database.transaction() as tx:
                    await tx.lock(f"insert into {stage.schema}.owners values ('b', 1)")
                    await tx.lock(query)
                    await tx.commit()

            task = asyncio.create_task(slow())
            await asyncio.sleep(0.1)
            task.cancel()
            async with asyncio.timeout(5):
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert await stage.owners() == {}
            assert await stage.open_transactions() == 0

    play(story)


def test_a_connection_that_is_cut_is_unavailable_and_replaced(play: Callable[[Story], None]) -> None:
    async def story(stage: Stage) -> None:
        async def write() -> None:
            async with stage.database.transaction() as tx:
                pid = (await tx.lock("select pg_backend_pid() as pid"))[0]["pid"]
                tx.write(stage.insert_owners, [("a", 1)])
                await stage.database.rows("select pg_terminate_backend($1, 5000)", pid)
                await tx.commit()

        with pytest.raises(Unavailable):
            await write()
        assert await stage.owners() == {}
        async with stage.database.transaction() as tx:
            tx.write(stage.insert_owners, [("a", 1)])
            await tx.commit()
        assert await stage.owners() == {"a": 1}

    play(story)


def test_connections_cut_while_idle_are_replaced_unnoticed_after_one_refusal_each(
    play: Callable[[Story], None],
) -> None:
    async def story(stage: Stage) -> None:
        await asyncio.gather(*(stage.database.rows("select pg_sleep(0.05)") for _ in range(5)))
        killer = await asyncpg.connect(stage.url)
        await killer.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where application_name = 'dues' and query like '%pg_sleep(0.05)%' and pid <> pg_backend_pid()"
        )
        await killer.close()
        refused = 0
        for _ in range(10):
            try:
                await stage.database.rows("select 1")
            except Unavailable:
                refused += 1
        assert refused <= 5
        assert await stage.database.rows("select 1")

    play(story)


@pytest.mark.parametrize("pooler", [DIRECT, Pooler("transaction")], ids=["direct", "lent"])
def test_what_stands_still_sees_nothing_that_is_written_meanwhile(
    play: Callable[[Story], None], pooler: Pooler
) -> None:
    async def story(stage: Stage) -> None:
        database = await Database.connect(stage.url, 1, pooler)
        look = f"select count(*) as n from {stage.schema}.owners"
        try:
            async with database.transaction() as tx:
                await tx.stand_still()
                assert (await tx.find(look))[0]["n"] == 0
                async with stage.database.transaction() as other:
                    other.write(stage.insert_owners, [("a", 1)])
                    await other.commit()
                assert (await tx.find(look))[0]["n"] == 0
                with pytest.raises(Unavailable, match="read-only"):
                    await tx.find(f"delete from {stage.schema}.owners")
            assert (await database.rows(look))[0]["n"] == 1
        finally:
            await database.close()

    play(story)
