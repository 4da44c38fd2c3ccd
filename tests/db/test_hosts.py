"""Connecting to the primary, whichever of several hosts it is, though others stand still or are gone."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from dues.db.hosts import connect, hosts_of, target_of
from tests.db.proxy import Proxy
from tests.running import free_port


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://dues@one/dues", []),
        ("postgresql://dues@/dues?host=/run/postgresql", []),
        ("postgresql:///dues", []),
        ("postgresql://dues:a%2Cb@one:5433,two/dues", [("one", 5433), ("two", 5432)]),
        ("postgresql://one,two:6000,[::1]:7000/dues", [("one", 5432), ("two", 6000), ("::1", 7000)]),
        ("postgresql://dues@/dues?host=one,two&port=6000,7000", [("one", 6000), ("two", 7000)]),
        ("postgresql://dues@/dues?host=one,two&port=6000", [("one", 6000), ("two", 6000)]),
        ("postgresql://dues@/dues?host=one,two", [("one", 5432), ("two", 5432)]),
    ],
)
def test_the_hosts_of_a_url(url: str, hosts: list[tuple[str, int]]) -> None:
    assert hosts_of(url) == hosts


@pytest.mark.parametrize(
    "url", ["postgresql://one,/dues", "postgresql://one:x,two/dues", "postgresql:///dues?host=a,b&port=1,2,3"]
)
def test_what_can_be_no_hosts(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        hosts_of(url)


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
        other = await connect(url, timeout=5)
        assert time.monotonic() - began < 3
        assert (first.calls, second.calls) == (2, 1)
        assert target_of(url).hosts[0] == ("127.0.0.1", second.port)
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
        with pytest.raises(OSError, match="Connect call failed"):
            await connect(f"postgresql://dues@127.0.0.1:{free_port()},127.0.0.1:{free_port()}/postgres")

    with_hosts(database_url, story)
