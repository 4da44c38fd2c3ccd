"""The feed is stable up to its watermark, whatever order transactions commit in."""

import asyncio
from datetime import UTC, datetime

from dues.db.database import Database
from dues.db.transaction import Transaction
from dues.domain.tenants import Tenant
from dues.events.store import BEGINNING, FIND_LATEST_POSITION, insert_next_event, list_events_after
from dues.events.watermark import Watermark
from dues.tenants.merchants import create_merchant
from dues.tenants.store import find_tenants
from dues.work.work import Work
from tests.conftest import Ask

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
    found = await list_events_after(database, tenant, TYPES, BEGINNING, await watermark.stable_position(), 100, None)
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
