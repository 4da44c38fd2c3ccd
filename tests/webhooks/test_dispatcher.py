"""A dispatcher looks for work where there is somebody to deliver to, and finds out at once when there is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from dues.db.database import Database
from dues.db.errors import Unavailable
from dues.db.migrate import migrate
from dues.events.notifier import Notifier
from dues.events.watermark import Watermark
from dues.tenants.merchants import create_first_merchant
from dues.webhooks import dispatcher as module
from dues.webhooks.context import DeliveryContext
from dues.webhooks.destinations import ANYWHERE
from dues.webhooks.dispatcher import Dispatcher
from dues.webhooks.outgoing import Outgoing
from tests.db.databases import EmptyDatabases
from tests.waiting import until

INSERT = """
insert into webhook_endpoints (cell, tenant_id, id, url, secret, position, created_at)
values (1, 1, $1, 'http://127.0.0.1:9', 'whsec_', 0, now())
"""
DISABLE = "update webhook_endpoints set status = 'disabled', disabled_reason = 'asked' where id = $1"
ENABLE = "update webhook_endpoints set status = 'enabled', disabled_reason = null where id = $1"


@pytest.fixture
def url(databases: EmptyDatabases) -> str:
    """A database of the test's own, without endpoints."""
    made = databases.new()
    asyncio.run(migrate(made))
    asyncio.run(_with_a_merchant(made))
    return made


async def _with_a_merchant(url: str) -> None:
    database = await Database.connect(url, 1)
    await create_first_merchant(database, datetime.now(UTC))
    await database.close()


class Counting(Watermark):
    """Says how often it was asked: each look for work begins with that."""

    asked = 0

    async def stable_position(self, cell: int) -> int:
        self.asked += 1
        return await super().stable_position(cell)


class Process:
    """One that delivers, and another one's connection to its database."""

    def __init__(self, database: Database) -> None:
        self.other = database
        self.notifier = Notifier(database)
        self.watermark = Counting(database)
        self.dispatcher = Dispatcher(DeliveryContext(database, self.watermark, self.notifier, Outgoing(ANYWHERE)))

    async def until_it_looks(self) -> None:
        """Returns when it has looked for work again."""
        before = self.watermark.asked
        await until(lambda: self.watermark.asked > before)

    async def looks_while_busy(self) -> int:
        """How often it looks while others commit."""
        before = self.watermark.asked
        for _ in range(50):
            self.notifier.notify([1])
            await asyncio.sleep(0.01)
        return self.watermark.asked - before


@asynccontextmanager
async def delivering(url: str, *, hears: bool = True) -> AsyncIterator[Process]:
    """A process that delivers. It `hears` what others say, or does not."""
    database = await Database.connect(url, 4)
    process = Process(database)
    tasks = [asyncio.create_task(process.notifier.run())] if hears else []
    if hears:
        await until(lambda: process.notifier._listener.session)
    tasks.append(asyncio.create_task(process.dispatcher.run()))
    await asyncio.sleep(0.2)  # its first look is over
    try:
        yield process
    finally:
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        await database.close()


def test_while_there_is_no_endpoint_it_does_not_look(url: str) -> None:
    async def story() -> None:
        async with delivering(url) as process:
            assert await process.looks_while_busy() == 0

    asyncio.run(story())


def test_it_looks_as_soon_as_there_is_one(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 60.0)  # by itself it would be too late

    async def story() -> None:
        async with delivering(url) as process:
            await process.other.rows(INSERT, "whe_1")
            await process.until_it_looks()
            assert await process.looks_while_busy() > 5

    asyncio.run(story())


def test_it_looks_as_soon_as_one_is_enabled(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 60.0)

    async def story() -> None:
        database = await Database.connect(url, 1)
        await database.rows(INSERT, "whe_1")
        await database.rows(DISABLE, "whe_1")
        async with delivering(url) as process:
            assert await process.looks_while_busy() == 0
            await database.rows(ENABLE, "whe_1")
            await process.until_it_looks()
        await database.close()

    asyncio.run(story())


def test_it_finds_one_though_nobody_told_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.2)

    async def story() -> None:
        async with delivering(url, hears=False) as process:
            assert process.watermark.asked == 0
            await process.other.rows(INSERT, "whe_1")
            await process.until_it_looks()

    asyncio.run(story())


def test_it_is_quiet_again_when_the_last_one_is_disabled(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)

    async def story() -> None:
        async with delivering(url) as process:
            await process.other.rows(INSERT, "whe_1")
            await process.until_it_looks()
            await process.other.rows(DISABLE, "whe_1")
            await asyncio.sleep(0.5)
            assert await process.looks_while_busy() == 0

    asyncio.run(story())


def test_a_cell_that_cannot_be_reached_is_left_alone_while_the_others_go_on() -> None:
    asked: list[int] = []

    async def ask(cell: int) -> bool:
        asked.append(cell)
        if cell == 2:
            raise Unavailable("its node is gone")
        return True

    async def look() -> None:
        dispatcher = Dispatcher(cast(Any, None))
        assert await dispatcher._of_each([1, 2, 3], ask) == {1: True, 2: None, 3: True}
        assert await dispatcher._of_each([1, 2, 3], ask) == {1: True, 2: None, 3: True}
        assert asked == [1, 2, 3, 1, 3], "not again so soon"
        with pytest.raises(Unavailable):
            await Dispatcher(cast(Any, None))._of_each([2], ask)

    asyncio.run(look())
