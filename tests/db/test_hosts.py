"""Connecting to the primary, whichever of several hosts it is, though others stand still or are gone."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from dues.db.connecting import CannotConnect
from dues.db.hosts import connect, target_of
from tests.db.proxy import Proxy
from tests.running import free_port


def with_hosts(url: str, story: Callable[[Proxy, Proxy], Awaitable[None]]) -> None:
    """Plays a story on two ways to one PostgreSQL."""

    async def play() -> None:
        async with asyncio.timeout(20), Proxy(url).running() as first, Proxy(url).running() as second:
            await story(first, second)

    asyncio.run(play())


def test_a_host_that_stands_still_keeps_nobody_waiting_and_is_asked_last_from_then_on(database_url: str) -> None:
    async def story(first: Proxy, second: Proxy) -> None:
        url = second.url(first.port)
        connection = await connect(url)
        assert (first.calls, second.calls) == (1, 0), "in their order"
        first.freeze()
        began = time.monotonic()
        other = await connect(url)
        assert time.monotonic() - began < 3
        assert (first.calls, second.calls) == (2, 1)
        assert f":{second.port}/" in target_of(url).hosts[0]
        assert connection.generation != other.generation, "connections to the old primary are not used any more"
        third = await connect(url)
        assert (first.calls, third.generation) == (2, other.generation)
        for one in (connection, other, third):
            one.terminate()

    with_hosts(database_url, story)


def test_a_host_that_is_gone_costs_nothing(database_url: str) -> None:
    async def story(first: Proxy, second: Proxy) -> None:
        url = second.url(free_port(), free_port())
        began = time.monotonic()
        (await connect(url)).terminate()
        assert time.monotonic() - began < 3
        assert first.calls == 0
        with pytest.raises(CannotConnect, match="nobody listens there"):
            await connect(f"postgresql://dues@127.0.0.1:{free_port()},127.0.0.1:{free_port()}/postgres")

    with_hosts(database_url, story)
