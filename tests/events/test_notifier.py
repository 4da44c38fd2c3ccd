"""Who waits for events is woken; and nothing is said to other processes where nobody listens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest

from dues.db.database import Database
from dues.events import notifier as module
from dues.events.notifier import CHANNEL, ENDPOINTS, EVERYBODY, Notifier, heard
from tests.db.databases import EmptyDatabases
from tests.waiting import until

TENANT, OTHER = 7, 8


@pytest.fixture(autouse=True)
def _sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COUNT_SECONDS", 0.2)


@pytest.fixture
def alone(databases: EmptyDatabases) -> str:
    """The URL of a database on which no server runs."""
    return databases.new()


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Notifier]:
    """A notifier as a process of its own would have it, that listens."""
    database = await Database.connect(url, 2)
    notifier = Notifier(database)
    task = asyncio.create_task(notifier.run())
    try:
        await until(lambda: notifier._listener.session)
        yield notifier
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await database.close()


@asynccontextmanager
async def eavesdropping(url: str) -> AsyncIterator[list[str]]:
    """All that is said on the channel; whoever hears it so is not known to listen."""
    said: list[str] = []
    connection = await asyncpg.connect(url)
    await connection.add_listener(CHANNEL, lambda *heard: said.append(str(heard[3])))
    try:
        yield said
    finally:
        await connection.close()


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(work(), 30)

    asyncio.run(limited())


def test_in_its_own_process_a_signal_is_set_at_once_and_for_its_tenant_alone(alone: str) -> None:
    async def story() -> None:
        database = await Database.connect(alone, 1)
        notifier = Notifier(database)
        own, others, all_of_them = notifier.signal(TENANT), notifier.signal(OTHER), notifier.signal()
        notifier.notify([TENANT])
        assert (own.is_set(), others.is_set(), all_of_them.is_set()) == (True, False, True)
        assert not notifier.signal(TENANT).is_set(), "the next one is for what comes next"
        notifier.close()
        assert others.is_set()
        await database.close()

    run(story)


def test_another_process_is_told(alone: str) -> None:
    async def story() -> None:
        async with running(alone) as here, running(alone) as there:
            signal, others = there.signal(TENANT), there.signal(OTHER)
            here.notify(number for number in [TENANT])
            await asyncio.wait_for(signal.wait(), 5)
            assert not others.is_set()

    run(story)


def test_nothing_is_said_where_nobody_else_listens(alone: str) -> None:
    async def story() -> None:
        async with running(alone) as here, eavesdropping(alone) as said:
            for _ in range(50):
                here.notify([TENANT])
                await asyncio.sleep(0.01)
            assert said == []

    run(story)


def test_whoever_comes_to_listen_is_told_within_moments(alone: str) -> None:
    async def story() -> None:
        async with running(alone) as here:
            here.notify([OTHER])
            await asyncio.sleep(0.05)  # it has looked by now, and found nobody
            async with running(alone) as there:
                signal = there.signal(TENANT)
                here.notify([TENANT])
                await asyncio.wait_for(signal.wait(), 5)

    run(story)


def test_whoever_has_gone_is_told_nothing_more(alone: str) -> None:
    async def story() -> None:
        async with running(alone) as here, eavesdropping(alone) as said:
            async with running(alone):
                here.notify([TENANT])
                await until(lambda: said)
            await asyncio.sleep(0.5)
            before = len(said)
            for _ in range(20):
                here.notify([TENANT])
                await asyncio.sleep(0.02)
            assert len(said) == before

    run(story)


def test_a_connection_that_breaks_is_made_again(alone: str) -> None:
    async def story() -> None:
        async with running(alone) as here, running(alone) as there:
            lost = there._listener.session
            await here._database.rows("select pg_terminate_backend($1)", lost)
            await until(lambda: there._listener.session not in (0, lost))
            await asyncio.sleep(0.3)  # until it is looked up again who listens
            signal = there.signal(TENANT)
            here.notify([TENANT])
            await asyncio.wait_for(signal.wait(), 5)

    run(story)


def test_more_tenants_than_a_message_has_room_for_wake_everybody(alone: str) -> None:
    async def story() -> None:
        async with running(alone) as here, running(alone) as there:
            signal = there.signal(TENANT)
            here.notify(range(10_000, 12_000))
            await asyncio.wait_for(signal.wait(), 5)

    run(story)


def test_an_endpoint_that_is_made_is_told_of_in_every_process(alone: str) -> None:
    async def story() -> None:
        async with running(alone) as here, running(alone) as there:
            signals = [one.signal(of) for one in (here, there) for of in (ENDPOINTS, EVERYBODY)]
            await here._database.rows("select pg_notify('dues_webhook_endpoints', '')")
            for signal in signals:
                await asyncio.wait_for(signal.wait(), 5)

    run(story)


def test_who_waits_for_a_signal_waits_no_longer_than_it_wants() -> None:
    async def story() -> None:
        await heard(asyncio.Event(), 0.01)
        signal = asyncio.Event()
        signal.set()
        await heard(signal, 1000)

    run(story)
