"""The pool's connections, and how much they are trusted: one that broke takes all others of its time with it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, NamedTuple, TypeVar

import asyncpg

from dues.db.connecting import CONNECT_TIMEOUT_SECONDS
from dues.db.errors import BROKEN, Unavailable
from dues.db.hosts import Target

STATEMENT_TIMEOUT_SECONDS: Final = 15.0
"""Nothing of ours takes longer, save what sets its own limit. PostgreSQL itself ends what does."""

SILENCE_SECONDS: Final = STATEMENT_TIMEOUT_SECONDS + 1
"""A database that has not ended a statement by then is frozen, or waits for a standby that does not answer."""

Result = TypeVar("Result")


class PoolUsage(NamedTuple):
    """How many connections of a pool are in use, how many are idle, how many there may be, and who waits for one."""

    used: int
    idle: int
    most: int
    waiting: int


class Pool:
    """The driver's pool on one target."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", target: Target) -> None:
        self._pool = pool
        self._target = target
        self._waiting = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Held"]:
        """A connection, kept until the end of the block. One that broke meanwhile is thrown away, and so are all that
        were made before: for each of them to be found out alone would take as many requests, or timeouts."""
        connection = await self._acquire()
        held = Held(connection)
        connection.add_log_listener(held.heard)
        try:
            yield held
        finally:
            with suppress(asyncpg.InterfaceError):  # it is closed already, and the pool has forgotten it
                if held.is_broken:
                    self._target.distrust()
                    connection.terminate()
                else:
                    connection.remove_log_listener(held.heard)
            await self._pool.release(connection, timeout=CONNECT_TIMEOUT_SECONDS)

    async def _acquire(self) -> Any:
        self._waiting += 1
        try:
            while True:
                connection: Any = await self._pool.acquire(timeout=CONNECT_TIMEOUT_SECONDS)
                if connection.generation == self._target.generation:
                    return connection
                connection.terminate()
                await self._pool.release(connection)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Waits for what is under way, as long as anything may take, then closes every connection."""
        try:
            async with asyncio.timeout(STATEMENT_TIMEOUT_SECONDS):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @property
    def usage(self) -> PoolUsage:
        """How it stands."""
        idle = self._pool.get_idle_size()
        return PoolUsage(self._pool.get_size() - idle, idle, self._pool.get_max_size(), self._waiting)


class OneConnection:
    """What is used like a pool and has one connection, which is somebody else's to close."""

    def __init__(self, connection: Any) -> None:
        self._held = Held(connection, may_be_silent=True)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Held"]:
        """The connection."""
        yield self._held

    async def close(self) -> None:
        """Leaves it open."""

    @property
    def usage(self) -> PoolUsage:
        """It is in use."""
        return PoolUsage(1, 0, 1, 0)


class Held:
    """A connection that somebody has.

    It is hung up where a statement has no answer for SILENCE_SECONDS; but not where `may_be_silent`.
    """

    def __init__(self, connection: Any, *, may_be_silent: bool = False) -> None:
        self._connection = connection
        self._may_be_silent = may_be_silent
        self.is_broken = False
        self._warning: str | None = None

    async def fetch(self, query: str, *args: object) -> list[Any]:
        """Runs one statement and returns its rows."""
        return await self._limited(self._connection.fetch(query, *args))

    async def stream(self, query: str, *args: object, at_once: int) -> AsyncIterator[Any]:
        """Runs one statement, and gives its rows as they are wanted, for which it must be in a transaction."""
        async for row in self._connection.cursor(query, *args, prefetch=at_once):
            yield row

    async def execute(self, query: str, *args: object) -> str:
        """Runs one statement and returns its status."""
        return await self._limited(self._connection.execute(query, *args))

    async def _limited(self, statement: Awaitable[Result]) -> Result:
        """Waits for a statement, and hangs up where there is no answer.

        It is not asked to be cancelled, as the driver would: a commit that waits for a standby would then be seen by
        everybody here, though no standby has it.
        """
        timer = self._hang_up_later()
        try:
            result = await statement
        except ValueError:
            raise
        except BROKEN:
            self.is_broken = True
            raise
        finally:
            if timer:
                timer.cancel()
        if self._warning:
            raise Unavailable(self._warning)
        return result

    def _hang_up_later(self) -> asyncio.TimerHandle | None:
        if self._may_be_silent:
            return None
        return asyncio.get_running_loop().call_later(SILENCE_SECONDS, self._connection.terminate)

    def heard(self, _connection: object, said: Any) -> None:
        """Something that PostgreSQL says beside its answer. Where a commit was cancelled while it waited for a standby,
        it answers as if all were well, and warns: that is no success yet."""
        if said.severity_en == "WARNING" and said.sqlstate == "01000":
            self._warning = str(said)
