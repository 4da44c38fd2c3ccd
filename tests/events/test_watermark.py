"""The feed is stable up to its watermark, whatever order transactions commit in."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

import asyncpg
import pytest
import structlog

from dues.db.database import Database
from dues.db.errors import Unavailable
from dues.db.transaction import CONFIRM, Row, Transaction
from dues.domain.tenants import Tenant
from dues.events import lag
from dues.events import watermark as module
from dues.events.store import BEGINNING, FIND_LATEST_POSITION, Place, insert_next_event, list_events_after
from dues.events.watermark import Watermark, next_stable_position
from dues.tenants.merchants import create_merchant
from dues.tenants.store import find_tenants
from dues.work.work import Work
from tests.conftest import Ask
from tests.db.databases import EmptyDatabases, execute
from tests.journeys.journal import SOAK

TYPES = ["customer.created"]

# What these tests write belongs to nothing, so they take it away again.
DELETE = "delete from events where cell = $1 and tenant_id = $2"


async def new_tenant(database: Database) -> Tenant:
    """A tenant that nobody else uses."""
    async with database.transaction() as tx:
        merchant_id, _ = await create_merchant(tx, "Feed", datetime.now(UTC))
        await tx.commit()
    tenant, _ = (await find_tenants(database, merchant_id))["test"]
    return tenant


async def write(tx: Transaction, tenant: Tenant, object_id: str) -> None:
    """Writes an event, but does not commit: it has its position, and nobody sees it."""
    await insert_next_event(Work(tx, datetime.now(UTC)), tenant, "customer.created", object_id, b"{}")


async def objects_told(database: Database, watermark: Watermark, tenant: Tenant) -> list[str]:
    """The objects of all events that the watermark says are there."""
    to = await watermark.stable_position(tenant.cell)
    found = await list_events_after(database, tenant, TYPES, BEGINNING, to, 100, None)
    return [event.object_id for event in found]


def test_who_commits_first_is_not_told_before_who_was_first(ask: Ask[None]) -> None:
    async def race(database: Database) -> None:
        tenant, watermark = await new_tenant(database), Watermark(database)
        async with database.transaction() as early, database.transaction() as late:
            await write(early, tenant, "first")
            await write(late, tenant, "second")
            await late.commit()
            looking = asyncio.create_task(objects_told(database, watermark, tenant))
            await asyncio.sleep(0.2)
            assert not looking.done(), "it waits for the transaction that has the lower position"
            await early.commit()
        assert await looking == ["first", "second"]
        await database.rows(DELETE, *tenant)

    ask(race)


def test_who_rolls_back_holds_nobody_up(ask: Ask[None]) -> None:
    async def race(database: Database) -> None:
        tenant, watermark = await new_tenant(database), Watermark(database)
        async with database.transaction() as late:
            async with database.transaction() as early:
                await write(early, tenant, "never")
                await write(late, tenant, "second")
            await late.commit()
        assert await objects_told(database, watermark, tenant) == ["second"]
        await database.rows(DELETE, *tenant)

    ask(race)


def test_a_transaction_that_takes_long_hides_only_what_came_after_it(ask: Ask[None]) -> None:
    async def race(database: Database) -> None:
        tenant, watermark = await new_tenant(database), Watermark(database)
        async with database.transaction() as before:
            await write(before, tenant, "before")
            await before.commit()
        assert await objects_told(database, watermark, tenant) == ["before"]
        async with database.transaction() as long, database.transaction() as late:
            await write(long, tenant, "long")
            await write(late, tenant, "late")
            await late.commit()
            assert await objects_told(database, watermark, tenant) == ["before"]
            await long.commit()
        assert await objects_told(database, watermark, tenant) == ["before", "long", "late"]
        await database.rows(DELETE, *tenant)

    ask(race)


def test_everybody_who_asks_at_once_is_told_of_what_they_know_to_be_committed(ask: Ask[None]) -> None:
    async def race(database: Database) -> None:
        tenant, watermark = await new_tenant(database), Watermark(database)

        async def commit_and_look(number: int) -> bool:
            async with database.transaction() as tx:
                await write(tx, tenant, f"object {number}")
                await tx.commit()
            return f"object {number}" in await objects_told(database, watermark, tenant)

        assert all(await asyncio.gather(*(commit_and_look(number) for number in range(40))))
        await database.rows(DELETE, *tenant)

    ask(race)


LOOK_OFTEN = f"""
do $$
declare
    seen bigint;
begin
    for look in 1..150000 loop
        select latest.position into seen from ({FIND_LATEST_POSITION}) as latest;
        if seen > coalesce(pg_sequence_last_value('event_positions'), 0) then
            raise exception 'position % is not taken yet', seen;
        end if;
    end loop;
end $$
"""

TAKE_MANY = "select count(nextval('event_positions')) from generate_series(1, 400000)"


def test_no_position_is_seen_before_it_is_taken(ask: Ask[None]) -> None:
    async def race(database: Database) -> None:
        await asyncio.gather(database.rows(TAKE_MANY), database.rows(LOOK_OFTEN))

    ask(race)


def asking(connection: "asyncpg.Connection[asyncpg.Record]") -> module.Ask:
    """Asks on one connection."""

    async def ask(query: str) -> Sequence[Row]:
        return [dict(row) for row in await connection.fetch(query)]

    return ask


def test_who_writes_in_another_database_holds_nobody_up(databases: EmptyDatabases) -> None:
    url = databases.new()
    execute(url, "create table events (x integer); create sequence event_positions")
    copy = databases.new(like=url)  # so that its table has the same number, too

    async def race() -> None:
        there, writer, reader = [await asyncpg.connect(one) for one in (copy, url, url)]
        await there.execute("begin; insert into events values (1)")
        await writer.execute("insert into events select nextval('event_positions')")
        assert await next_stable_position(asking(reader)) == 1
        for connection in (there, writer, reader):
            await connection.close()

    asyncio.run(asyncio.wait_for(race(), 20))


def test_who_writes_something_else_holds_nobody_up(ask: Ask[None], database_url: str) -> None:
    async def race(database: Database) -> None:
        tenant, watermark = await new_tenant(database), Watermark(database)
        other = await asyncpg.connect(database_url)
        try:
            await other.execute(f"begin; update tenants set clock_offset_seconds = 0 where id = {tenant.id}")
            async with database.transaction() as tx:
                await write(tx, tenant, "here")
                await tx.commit()
            assert await objects_told(database, watermark, tenant) == ["here"]
        finally:
            await other.close()
        await database.rows(DELETE, *tenant)

    ask(race)


def test_a_writer_is_seen_though_its_lock_is_moved(databases: EmptyDatabases) -> None:
    """PostgreSQL keeps such a lock with the session until somebody wants a stronger one, and moves it then."""
    url = databases.new()

    async def race() -> None:
        early, strong, reader = [await asyncpg.connect(url) for _ in range(3)]
        await early.execute("create table events (x integer); create sequence event_positions")
        await early.execute("begin; insert into events select nextval('event_positions')")
        at_first = await module.mark(asking(reader))
        taking = asyncio.create_task(strong.execute("lock table events in share mode"))
        await asyncio.sleep(0.1)
        assert (await module.mark(asking(reader)))[1] == at_first[1] != frozenset()
        looking = asyncio.create_task(next_stable_position(asking(reader)))
        await asyncio.sleep(0.1)
        assert not looking.done()
        await early.execute("commit")
        assert await looking == 1
        with pytest.raises(asyncpg.NoActiveSQLTransactionError):
            await taking  # outside of a transaction it makes no sense: it was there to wait
        for connection in (early, strong, reader):
            await connection.close()

    asyncio.run(asyncio.wait_for(race(), 20))


def test_where_transactions_that_take_long_overlap_it_goes_on(ask: Ask[None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.02)

    async def race(database: Database) -> None:
        tenant, watermark = await new_tenant(database), Watermark(database)
        under_way = database.transaction()
        before = await under_way.__aenter__()
        await write(before, tenant, "object 0")
        assert await objects_told(database, watermark, tenant) == []
        for number in range(1, 4):
            next_under_way = database.transaction()
            after = await next_under_way.__aenter__()
            await write(after, tenant, f"object {number}")
            assert watermark.lag_seconds > 0
            await before.commit()
            await under_way.__aexit__(None, None, None)
            told = await objects_told(database, watermark, tenant)
            assert told == [f"object {one}" for one in range(number)], "though none was ever without another"
            before, under_way = after, next_under_way
        await under_way.__aexit__(None, None, None)
        await database.rows(DELETE, *tenant)

    ask(race)


def test_whoever_holds_it_up_is_named_once_a_minute(ask: Ask[None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(lag, "LAG_SECONDS_MAX", 0.01)

    async def race(database: Database) -> None:
        tenant, watermark, said, seen = await new_tenant(database), Watermark(database), lag.Said(), list[float]()
        async with database.transaction() as long:
            await write(long, tenant, "long")
            [row] = await long.find("select pg_backend_pid() as pid")
            with structlog.testing.capture_logs() as lines:
                for _ in range(3):
                    await lag.watch(database, watermark, seen.append, said)
            assert [(one["event"], one["pid"], one["application"]) for one in lines] == [
                ("feed_held_up", row["pid"], "dues")
            ]
            assert 0 < lines[0]["lag_seconds"] <= lines[0]["transaction_seconds"] + 0.1
            assert 0 < seen[0] < seen[1] < seen[2]
        await lag.watch(database, watermark, seen.append, said)
        assert seen[3] == 0

    ask(race)


def test_a_position_to_begin_at_is_refused_while_it_is_not_known(
    ask: Ask[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HURRY_SECONDS", 0.02)

    async def race(database: Database) -> None:
        tenant = await new_tenant(database)
        async with database.transaction() as long:
            await write(long, tenant, "long")
            with pytest.raises(Unavailable):
                await next_stable_position(database.rows)
        assert await next_stable_position(database.rows) > 0

    ask(race)


ROUNDS = 2_000 if SOAK else 120


@pytest.mark.soak
def test_who_follows_misses_nothing_of_what_many_commit_at_random(ask: Ask[None], database_url: str) -> None:
    async def race(_: Database) -> None:
        database = await Database.connect(database_url, 12)
        tenant, committed, told = await new_tenant(database), set[str](), list[str]()
        numbers, chance = count(), random.Random(5)  # whatever it is: the interleaving is what is at random

        async def write_some() -> None:
            while (number := next(numbers)) < ROUNDS:
                async with database.transaction() as tx:
                    for part in range(chance.randint(1, 3)):
                        await write(tx, tenant, f"{number}.{part}")
                        await asyncio.sleep(chance.choice([0, 0, 0.001, 0.01]))
                    if chance.random() < 0.8:
                        await tx.commit()
                        committed.update(f"{number}.{done}" for done in range(part + 1))

        async def follow(place: Place) -> None:
            watermark, ended = Watermark(database), False
            while True:
                last, ended = ended, writers.done()
                to = await watermark.stable_position(tenant.cell)
                for event in await list_events_after(database, tenant, TYPES, place, to, 1_000, None):
                    told.append(event.object_id)
                place = Place(to, 0)
                if last:
                    return

        writers = asyncio.gather(*(write_some() for _ in range(8)))
        await follow(BEGINNING)
        await writers
        assert len(told) == len(committed) > ROUNDS
        assert set(told) == committed
        await database.rows(DELETE, *tenant)
        await database.close()

    ask(race)


# Another server --------------------------------------------------------------------------------------------------


class Answers:
    """What a database says to the statements of a look, of which each may be another server's."""

    is_spread = False

    def __init__(self, *looks: tuple[int, int, int]) -> None:
        """`looks`: a position, the number of the server that says it, and of the one that says who writes."""
        self._looks = list(looks)
        self.confirmed = 0

    async def rows(self, query: str) -> list[dict[str, object]]:
        """The rows of one."""
        if query == CONFIRM:
            self.confirmed += 1
            return []
        position, here, there = self._looks[0]
        if query == FIND_LATEST_POSITION:
            return [{"position": position, "server": datetime.fromtimestamp(here, UTC), "has_standby": True}]
        self._looks.pop(0)
        return [{"server": datetime.fromtimestamp(there, UTC), "writer": None}]


def test_a_look_at_two_servers_says_nothing_and_another_server_begins_anew() -> None:
    async def look() -> None:
        database = Answers((1000, 1, 1), (1010, 1, 2), (990, 2, 2))
        watermark = Watermark(database)  # type: ignore[arg-type]
        assert await watermark.stable_position(1) == 1000
        with pytest.raises(Unavailable, match="another server"):
            await watermark.stable_position(1)
        assert await watermark.stable_position(1) == 990, "what comes there now is not stable yet"
        assert database.confirmed == 2

    asyncio.run(look())
