"""The feed is stable up to its watermark, whatever order transactions commit in."""

import asyncio
from datetime import UTC, datetime

from dues.db.database import Database
from dues.db.transaction import Transaction
from dues.events.store import BEGINNING, insert_event, list_events_after
from dues.events.watermark import Watermark
from dues.tenants.merchants import create_merchant
from dues.work.work import Work
from tests.conftest import Ask

TYPES = ["customer.created"]

# What these tests write belongs to nothing, so they take it away again.
DELETE = "delete from events where tenant_id = $1"
TENANT = "select id from tenants where merchant_id = $1 and mode = 'test'"


async def new_tenant(database: Database) -> int:
    """A tenant that nobody else uses."""
    async with database.transaction() as tx:
        merchant_id, _ = await create_merchant(tx, "Feed", datetime.now(UTC))
        await tx.commit()
    return int((await database.rows(TENANT, merchant_id))[0]["id"])


async def write(tx: Transaction, tenant_id: int, object_id: str) -> None:
    """Writes an event, but does not commit: it has its position, and nobody sees it."""
    work = Work(tx, datetime.now(UTC))
    insert_event(work, tenant_id, "customer.created", object_id, b"{}")
    await tx.lock("select 1")  # begins the transaction
    [(statement, rows)] = tx._writes.items()
    await tx.lock(statement, *zip(*rows, strict=True))
    tx._writes.clear()


async def objects_told(database: Database, watermark: Watermark, tenant_id: int) -> list[str]:
    """The objects of all events that the watermark says are there."""
    found = await list_events_after(database, tenant_id, TYPES, BEGINNING, await watermark.stable_position(), 100, None)
    return [event.object_id for event in found]


def test_who_commits_first_is_not_told_before_who_was_first(ask: Ask[None]) -> None:
    async def race(database: Database) -> None:
        tenant_id, watermark = await new_tenant(database), Watermark(database)
        async with database.transaction() as early, database.transaction() as late:
            await write(early, tenant_id, "first")
            await write(late, tenant_id, "second")
            await late.commit()
            looking = asyncio.create_task(objects_told(database, watermark, tenant_id))
            await asyncio.sleep(0.2)
            assert not looking.done(), "it waits for the transaction that has the lower position"
            await early.commit()
        assert await looking == ["first", "second"]
        await database.rows(DELETE, tenant_id)

    ask(race)


def test_who_rolls_back_holds_nobody_up(ask: Ask[None]) -> None:
    async def race(database: Database) -> None:
        tenant_id, watermark = await new_tenant(database), Watermark(database)
        async with database.transaction() as late:
            async with database.transaction() as early:
                await write(early, tenant_id, "never")
                await write(late, tenant_id, "second")
            await late.commit()
        assert await objects_told(database, watermark, tenant_id) == ["second"]
        await database.rows(DELETE, tenant_id)

    ask(race)


def test_a_transaction_that_takes_long_hides_only_what_came_after_it(ask: Ask[None]) -> None:
    async def race(database: Database) -> None:
        tenant_id, watermark = await new_tenant(database), Watermark(database)
        async with database.transaction() as before:
            await write(before, tenant_id, "before")
            await before.commit()
        assert await objects_told(database, watermark, tenant_id) == ["before"]
        async with database.transaction() as long, database.transaction() as late:
            await write(long, tenant_id, "long")
            await write(late, tenant_id, "late")
            await late.commit()
            assert await objects_told(database, watermark, tenant_id) == ["before"]
            await long.commit()
        assert await objects_told(database, watermark, tenant_id) == ["before", "long", "late"]
        await database.rows(DELETE, tenant_id)

    ask(race)


def test_everybody_who_asks_at_once_is_told_of_what_they_know_to_be_committed(ask: Ask[None]) -> None:
    async def race(database: Database) -> None:
        tenant_id, watermark = await new_tenant(database), Watermark(database)

        async def commit_and_look(number: int) -> bool:
            async with database.transaction() as tx:
                await write(tx, tenant_id, f"object {number}")
                await tx.commit()
            return f"object {number}" in await objects_told(database, watermark, tenant_id)

        assert all(await asyncio.gather(*(commit_and_look(number) for number in range(40))))
        await database.rows(DELETE, tenant_id)

    ask(race)
