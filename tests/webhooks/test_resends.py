"""What is to be sent again is one job, which goes on wherever it was, a few objects at a time, and to its own cost."""

import asyncio
from datetime import UTC, datetime

import pytest

from dues.db.migrate import migrate
from dues.domain.tenants import Tenant
from dues.events.store import insert_next_event
from dues.webhooks.context import IN_FLIGHT_MAX, LEASES_MAX
from dues.work.work import Work
from tests.db.databases import EmptyDatabases
from tests.waiting import until
from tests.webhooks.receiver import answer
from tests.webhooks.test_fairness import Town, delivering

OBJECTS = 100
EACH = 3

INSERT = """
insert into webhook_resends (cell, tenant_id, endpoint_id, from_id, to_id, to_now, failed_only)
select cell, tenant_id, id, 'evt_', 'evt_~', true, false from webhook_endpoints where cell = $1 and tenant_id = $2
"""

UNDER_WAY = "select object_id from webhook_resends"


async def happen(town: Town, tenant: Tenant) -> None:
    """Something happens, and again, to each of many objects."""
    async with town.database.transaction() as tx:
        work = Work(tx, datetime.now(UTC))
        for _ in range(EACH):
            for number in range(OBJECTS):
                await insert_next_event(work, tenant, "customer.created", f"bcus_{number:03}", b"{}")
        await tx.commit()
    town.notifier.notify([tenant.id])


def sent(town: Town) -> dict[str, list[int]]:
    """Of each object the numbers of events that arrived, in their order."""
    found: dict[str, list[int]] = {}
    for one in town.taking.requests:
        if one.headers["dues-object"].startswith("bcus_0"):
            found.setdefault(one.headers["dues-object"], []).append(int(one.headers["dues-sequence"]))
    return found


async def slower(writer: asyncio.StreamWriter) -> None:
    """Takes it after a second: all that is sent again takes twenty."""
    await asyncio.sleep(1)
    writer.write(answer())


async def slow(writer: asyncio.StreamWriter) -> None:
    """Takes everything, but not at once."""
    await asyncio.sleep(0.2)
    writer.write(answer())


@pytest.mark.slow
def test_it_goes_on_where_another_process_was_and_sends_each_event_again_in_order(databases: EmptyDatabases) -> None:
    url = databases.new()

    async def story() -> None:
        await migrate(url)
        async with delivering(url, IN_FLIGHT_MAX, LEASES_MAX) as town:
            tenant = await town.settle(town.taking.url(), 1)
            await happen(town, tenant)
            await until(lambda: len(town.taking.requests) == OBJECTS * EACH)
            town.taking.answer = slow
            await asyncio.sleep(0.1)
            await town.database.rows(INSERT, *tenant)
            town.notifier.notify([tenant.id])
            await until(lambda: len(town.taking.requests) > OBJECTS * EACH + 30)
        before = sent(town)
        async with delivering(url, IN_FLIGHT_MAX, LEASES_MAX) as again:
            [job] = await again.database.rows(UNDER_WAY)
            assert job["object_id"] > "", "in the middle of it"
            await again.database.rows(
                "update webhook_endpoints set url = $3 where cell = $1 and tenant_id = $2", *tenant, again.taking.url()
            )
            await until(lambda: _all(before, sent(again)), seconds=15)
            await asyncio.sleep(0.3)
            assert await again.database.rows(UNDER_WAY) == []
            assert await again.database.rows("select from webhook_lanes") == []
        for name, numbers in before.items():
            after = sent(again).get(name, [])
            assert numbers[:EACH] == [1, 2, 3]
            assert [*numbers[EACH:], *after][:1] == [1]
            assert sorted({*numbers[EACH:], *after}) == [1, 2, 3]
            assert len(numbers) + len(after) <= 2 * EACH + 1, "again what was not noted, and nothing else"

    asyncio.run(story())


def _all(before: dict[str, list[int]], after: dict[str, list[int]]) -> bool:
    return all({*before[name][EACH:], *after.get(name, [])} == {1, 2, 3} for name in before)


def test_it_holds_up_neither_another_endpoint_nor_what_is_new(databases: EmptyDatabases) -> None:
    url = databases.new()

    async def story() -> None:
        await migrate(url)
        async with delivering(url, IN_FLIGHT_MAX, LEASES_MAX) as town:
            town.hanging.answer = answer()
            large = await town.settle(town.hanging.url(), 1)
            small = await town.settle(town.taking.url(), 1)
            await happen(town, large)
            await until(lambda: len(town.hanging.requests) == OBJECTS * EACH)
            town.hanging.answer = slower
            await asyncio.sleep(0.1)
            await town.database.rows(INSERT, *large)
            town.notifier.notify([large.id])
            await until(lambda: len(town.hanging.requests) >= OBJECTS * EACH + 16)
            assert max([await town.delivery_seconds(small) for _ in range(5)][1:]) < 0.5
            await town.happen(large, 1)
            await until(lambda: len(town.hanging.requests[-1].headers["dues-object"]) > len("bcus_000"))
            assert await town.database.rows(UNDER_WAY)
            again = len(town.hanging.requests) - OBJECTS * EACH
            assert again < OBJECTS * EACH / 2, "what is sent again takes sixteen at a time, far fewer than there may be"

    asyncio.run(story())
