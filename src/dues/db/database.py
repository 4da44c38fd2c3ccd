"""The pool of connections to PostgreSQL, and the two ways to use one: a transaction, or a single statement."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any, cast

import asyncpg

from dues.db import citus
from dues.db.citus import is_spread
from dues.db.connecting import CONNECT_TIMEOUT_SECONDS
from dues.db.errors import translated
from dues.db.hosts import connect, target_of
from dues.db.pool import STATEMENT_TIMEOUT_SECONDS, Held, OneConnection, Pool, PoolUsage
from dues.db.pooler import DIRECT, Pooler
from dues.db.snapshot import open_instant
from dues.db.transaction import Row, Transaction

SESSION = {
    "application_name": "dues",
    "timezone": "UTC",
    "statement_timeout": f"{STATEMENT_TIMEOUT_SECONDS:.0f}s",
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


_OF_SNAPSHOTS = {
    # To look through all that a tenant has takes longer than any request may.
    "statement_timeout": "600s",
    # While whoever reads it slowly is waited for.
    "idle_in_transaction_session_timeout": "90s",
}


class Database:
    """A pool. Made by `connect`; every method raises Unavailable while PostgreSQL is away, and recovers with it."""

    def __init__(
        self,
        pool: Pool | OneConnection,
        url: str,
        begin: str = "",
        turn: AbstractAsyncContextManager[Any] | None = None,
        *,
        is_spread: bool = False,
        is_still: bool = False,
    ) -> None:
        self._pool = pool
        self._begin = begin
        self._turn = turn or nullcontext()
        self.url = url
        """Where a session can be had that nobody shares."""
        self.is_spread = is_spread
        """Whether it is spread over nodes: then what is true of a cell is known on the cell's node alone."""
        self._is_still = is_still

    @classmethod
    async def connect(cls, url: str, connections_max: int = 10, pooler: Pooler = DIRECT, **session: str) -> "Database":
        """A pool on the PostgreSQL at `url`, or on what lies before it, with one connection made to see that it is
        there. Raises CannotConnect.

        `session`: parameters of its sessions that are to be others than usual.
        """
        parameters = SESSION | session
        with translated():
            pool = await _pool(pooler.url or url, connections_max, pooler, parameters)
            if spread := await is_spread(pool):
                await pool.close()
                parameters |= citus.SESSION
                pool = await _pool(pooler.url or url, connections_max, pooler, parameters)
        return cls(Pool(pool, target_of(pooler.url or url)), url, pooler.begin(parameters), is_spread=spread)

    def share(self, turn: AbstractAsyncContextManager[Any]) -> "Database":
        """The same pool, of which a connection is only taken in one's `turn`."""
        return type(self)(self._pool, self.url, self._begin, turn, is_spread=self.is_spread)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Database"]:
        """The same database as it is at this instant, however long it is read: for lists that are had whole. It has a
        connection of its own, beside the pool, and writes nothing. A snapshot's own is itself."""
        if self._is_still:
            yield self
            return
        parameters = SESSION | _OF_SNAPSHOTS | (citus.SESSION if self.is_spread else {})
        async with open_instant(self.url, parameters, is_spread=self.is_spread) as connection:
            yield Database(OneConnection(connection), self.url, is_spread=self.is_spread, is_still=True)

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

    async def stream(self, query: str, *args: object, at_once: int = 1_000) -> AsyncIterator[Row]:
        """The rows of one statement that gives many, so many at a time: of a snapshot alone."""
        async with self._connection() as connection:
            async for row in connection.stream(query, *args, at_once=at_once):
                yield row

    async def row(self, query: str, *args: object) -> Row | None:
        """The first row of one statement, if it has one."""
        rows = await self.rows(query, *args)
        return rows[0] if rows else None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Held]:
        async with self._turn:
            with translated():
                async with self._pool.connection() as connection:
                    yield connection

    @property
    def usage(self) -> PoolUsage:
        """How the pool stands."""
        return self._pool.usage


async def _pool(
    url: str, connections_max: int, pooler: Pooler, parameters: Mapping[str, str]
) -> "asyncpg.Pool[asyncpg.Record]":
    pool: asyncpg.Pool[asyncpg.Record] = await asyncpg.create_pool(
        connect=cast("Any", partial(connect, url)),  # its protocol names each argument of the driver
        min_size=1,
        max_size=connections_max,
        timeout=CONNECT_TIMEOUT_SECONDS,
        max_inactive_connection_lifetime=300,
        # Sessions are only ever changed inside a transaction, so there is nothing to reset: saves a round trip.
        reset=_nothing_to_reset,
        **pooler.options(parameters),
    )
    return pool


async def _nothing_to_reset(_connection: object) -> None:
    return None
