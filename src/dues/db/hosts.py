"""Connecting to whichever host of a URL is the primary now, in a time that no host which is away can use up.

`postgresql://user@h1:5432,h2:5432/dues`: hosts are asked in their order, but the one that was the primary last comes
first. Each has a little while to itself; then the next is asked beside it. The first that takes writes is connected to.
Without that, a host that is frozen or cut off takes the whole time of each attempt, and the new primary is never asked.
"""

import asyncio
import socket
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, cast

import asyncpg

from dues.db.address import WRITABLE, split_hosts
from dues.db.connecting import CONNECT_TIMEOUT_SECONDS, CannotConnect, connect_to

HEAD_START_SECONDS: Final = 0.3
"""How long one host has before the next is asked too: longer than a connection takes to a host that is well."""

HOST_TIMEOUT_SECONDS: Final = 2.0
"""Where there are several hosts, each gets less than one would alone."""

UNACKNOWLEDGED_SECONDS: Final = 5
"""A host that confirms nothing for so long, not even that it received something, is away."""


class Session(asyncpg.Connection):
    """A connection of the driver's, and the generation of its pool in which it was made."""

    __slots__ = ("generation",)

    generation: int


class Target:
    """Where a URL leads to. There is one for each URL in a process, for all who connect to it."""

    def __init__(self, url: str) -> None:
        """Raises CannotConnect for what is no URL."""
        try:
            self.hosts = split_hosts(url)  # the first of them was the primary last
        except ValueError:
            raise CannotConnect("The URL of the database has a host or port that is none.") from None
        self.generation = 0

    def distrust(self) -> None:
        """Something was wrong with a connection, or the primary is elsewhere: all that were made before are replaced
        when they are wanted next."""
        self.generation += 1


@lru_cache(maxsize=64)
def target_of(url: str) -> Target:
    """The target that a URL names."""
    return Target(url)


async def connect(url: str, *_: Any, **options: Any) -> Session:
    """A connection to the PostgreSQL at `url`: to the one that takes writes, where it names several hosts.

    `options`: as for `asyncpg.connect`. Raises CannotConnect.
    """
    target = target_of(url)
    options["connection_class"] = Session
    if len(target.hosts) == 1:
        connection = await connect_to(target.hosts[0], CONNECT_TIMEOUT_SECONDS, options)
    else:
        options = {"target_session_attrs": WRITABLE[0]} | options
        attempts = [(host, connect_to(host, HOST_TIMEOUT_SECONDS, options)) for host in target.hosts]
        found, connection = await _first(attempts)
        if found != target.hosts[0]:
            target.hosts.sort(key=lambda host: host != found)
            target.distrust()
    connection.generation = target.generation
    _watch_over(connection)
    return cast("Session", connection)


async def _first(attempts: Iterable[tuple[str, Any]]) -> tuple[str, Any]:
    """The first of the attempts that succeeds, each begun a little after the one before, or when that has failed.

    Raises CannotConnect, which says of each why not.
    """
    waiting = list(attempts)
    order = [host for host, _ in waiting]
    running: dict[asyncio.Task[Any], str] = {}
    said: dict[str, str] = {}
    try:
        while waiting or running:
            if waiting:
                host, attempt = waiting.pop(0)
                running[asyncio.create_task(attempt)] = host
            done, _ = await asyncio.wait(
                running, timeout=HEAD_START_SECONDS if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                if (error := task.exception()) is None:
                    return running.pop(task), task.result()
                if not isinstance(error, CannotConnect):
                    raise error
                said[running.pop(task)] = str(error)
    finally:
        for _, attempt in waiting:
            attempt.close()
        for task in running:
            task.cancel()
            task.add_done_callback(_hang_up)
    raise CannotConnect(" ".join(said[host] for host in order))


def _hang_up(task: "asyncio.Task[Any]") -> None:
    """Nobody waits for this connection any more."""
    if not task.cancelled() and task.exception() is None:
        task.result().terminate()


def _watch_over(connection: Any) -> None:
    """Has the kernel notice a host that has vanished, also while nothing is sent."""
    plug = connection._transport.get_extra_info("socket")  # noqa: SLF001 -- the driver has no other way to it
    if plug is not None and plug.family in (socket.AF_INET, socket.AF_INET6):
        for name, value in _WATCH.items():
            with suppress(OSError):
                plug.setsockopt(*name, value)


def _watch() -> dict[tuple[int, int], int]:
    """What the kernel is asked to look after, as far as it can."""
    wanted = {
        "TCP_KEEPIDLE": 2,
        "TCP_KEEPINTVL": 1,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": UNACKNOWLEDGED_SECONDS * 1000,
    }
    known = {
        (socket.IPPROTO_TCP, int(getattr(socket, name))): value
        for name, value in wanted.items()
        if hasattr(socket, name)
    }
    return {(socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1} | known


_WATCH: Final = _watch()
