"""The pool of connections to PostgreSQL, and the two ways to use one: a transaction, or a single statement."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, NamedTuple

import asyncpg

from dues.db import citus
from dues.db.citus import is_spread
from dues.db.connecting import CONNECT_TIMEOUT_SECONDS, Route
from dues.db.errors import translated
from dues.db.pooler import DIRECT, Pooler
from dues.db.transaction import Row, Transaction

STATEMENT_TIMEOUT_SECONDS = 15.0
"""Nothing of ours takes longer, save what sets its own limit."""

SESSION = {
    "application_name": "dues",
    "timezone": "UTC",
    # Past this a duplicate is told "in progress" and the client asks again.
    "lock_timeout": "4s",
    # A program that was stopped (not killed) in mid-transaction must not hold its locks for ever.
    "idle_in_transaction_session_timeout": "30s",
    # Every statement of a request goes by key. A plan made while a table was still empty would scan it, and be kept
    # long after it has grown.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    # A generic plan does not know that a page is small, and would start workers for it once a table is large.
    "max_parallel_workers_per_gather": "0",
}


class PoolUsage(NamedTuple):
    """How many connections of a pool are in use, how many are idle, how many there may be, and who waits for one."""

    used: int
    idle: int
    most: int
    waiting: int


class _Waiting:
    """How many wait for a connection of one pool."""

    number = 0


class Database:
    """A pool. Made by `connect`; every method raises Unavailable while PostgreSQL is away, and recovers with it."""

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        url: str,
        begin: str = "",
        turn: AbstractAsyncContextManager[Any] | None = None,
        waiting: _Waiting | None = None,
        *,
        is_spread: bool = False,
    ) -> None:
        self._pool = pool
        self._begin = begin
        self._turn = turn or nullcontext()
        self._waiting = waiting or _Waiting()
        self.url = url
        """Where a session can be had that nobody shares."""
        self.is_spread = is_spread
        """Whether it is spread over nodes: then what is true of a cell is known on the cell's node alone."""

    @classmethod
    async def connect(cls, url: str, connections_max: int = 10, pooler: Pooler = DIRECT, **session: str) -> "Database":
        """A pool on the PostgreSQL at `url`, or on what lies before it, with one connection made to see that it is
        there. Raises CannotConnect.

        `session`: parameters of its sessions that are to be others than usual.
        """
        parameters = SESSION | session
        with translated():
            pool = await _pool(url, connections_max, pooler, parameters)
            if spread := await is_spread(pool):
                await pool.close()
                parameters |= citus.SESSION
                pool = await _pool(url, connections_max, pooler, parameters)
        return cls(pool, url, pooler.begin(parameters), is_spread=spread)

    def share(self, turn: AbstractAsyncContextManager[Any]) -> "Database":
        """The same pool, of which a connection is only taken in one's `turn`."""
        return type(self)(self._pool, self.url, self._begin, turn, self._waiting, is_spread=self.is_spread)

    async def close(self) -> None:
        """Waits for what is under way, then closes every connection."""
        with translated():
            await self._pool.close()

    @asynccontextmanager
    async def transaction(self, cell: int = 0) -> AsyncIterator[Transaction]:
        """A transaction, of which nothing is left unless the block itself calls `commit`. What it puts off to write is
        written to `cell`."""
        async with self._connection() as connection:
            transaction = Transaction(connection, cell, self._begin, is_spread=self.is_spread)
            try:
                yield transaction
            finally:
                await transaction.end()

    async def rows(self, query: str, *args: object) -> list[Row]:
        """The rows of one statement, which is a transaction of its own."""
        if self._begin:
            async with self.transaction() as tx:
                rows = await tx.find(query, *args)
                await tx.commit()
                return rows
        async with self._connection() as connection:
            found: list[Row] = await connection.fetch(query, *args)
            return found

    async def row(self, query: str, *args: object) -> Row | None:
        """The first row of one statement, if it has one."""
        rows = await self.rows(query, *args)
        return rows[0] if rows else None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        async with self._turn:
            with translated():
                self._waiting.number += 1
                try:
                    connection = await self._pool.acquire(timeout=CONNECT_TIMEOUT_SECONDS)
                finally:
                    self._waiting.number -= 1
                try:
                    yield connection
                finally:
                    await self._pool.release(connection)

    @property
    def usage(self) -> PoolUsage:
        """How the pool stands."""
        idle = self._pool.get_idle_size()
        return PoolUsage(self._pool.get_size() - idle, idle, self._pool.get_max_size(), self._waiting.number)


async def _pool(
    url: str, connections_max: int, pooler: Pooler, parameters: Mapping[str, str]
) -> "asyncpg.Pool[asyncpg.Record]":
    pool: asyncpg.Pool[asyncpg.Record] = await asyncpg.create_pool(
        connect=Route(pooler.url or url).connect,
        min_size=1,
        max_size=connections_max,
        timeout=CONNECT_TIMEOUT_SECONDS,
        command_timeout=STATEMENT_TIMEOUT_SECONDS,
        max_inactive_connection_lifetime=300,
        # Sessions are only ever changed inside a transaction, so there is nothing to reset: saves a round trip.
        reset=_nothing_to_reset,
        **pooler.options(parameters),
    )
    return pool


async def _nothing_to_reset(_connection: object) -> None:
    return None
