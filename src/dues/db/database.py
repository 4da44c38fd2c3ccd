"""The pool of connections to PostgreSQL, and the two ways to use one: a transaction, or a single statement."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, cast

import asyncpg

from dues.db.errors import translated
from dues.db.hosts import Session, connect, target_of
from dues.db.pool import CONNECT_TIMEOUT_SECONDS, STATEMENT_TIMEOUT_SECONDS, Held, Pool
from dues.db.transaction import Row, Transaction

_SESSION = {
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


class Database:
    """A pool. Made by `connect`; every method raises Unavailable while PostgreSQL is away, and recovers with it."""

    def __init__(self, pool: Pool, url: str, turn: AbstractAsyncContextManager[Any] | None = None) -> None:
        self._pool = pool
        self._turn = turn or nullcontext()
        self.url = url

    @classmethod
    async def connect(cls, url: str, connections_max: int = 10, **session: str) -> "Database":
        """A pool on the PostgreSQL at `url`, with one connection made to see that it is there.

        `session`: parameters of its sessions that are to be others than usual.
        """
        with translated():
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=connections_max,
                timeout=CONNECT_TIMEOUT_SECONDS,
                connect=cast("Any", connect),  # its protocol names each argument of the driver
                connection_class=Session,
                server_settings=_SESSION | session,
                max_inactive_connection_lifetime=300,
                # Sessions are only ever changed inside a transaction, so there is nothing to reset: saves a round trip.
                reset=_nothing_to_reset,
            )
        return cls(Pool(pool, target_of(url)), url)

    def share(self, turn: AbstractAsyncContextManager[Any]) -> "Database":
        """The same pool, of which a connection is only taken in one's `turn`."""
        return Database(self._pool, self.url, turn)

    async def close(self) -> None:
        """Waits for what is under way, then closes every connection."""
        with translated():
            await self._pool.close()

    @asynccontextmanager
    async def transaction(self, cell: int = 0) -> AsyncIterator[Transaction]:
        """A transaction, of which nothing is left unless the block itself calls `commit`. What it puts off to write is
        written to `cell`."""
        async with self._connection() as connection:
            transaction = Transaction(connection, cell)
            try:
                yield transaction
            finally:
                await transaction.end()

    async def rows(self, query: str, *args: object) -> list[Row]:
        """The rows of one statement, which is a transaction of its own."""
        async with self._connection() as connection:
            found: list[Row] = await connection.fetch(query, *args)
            return found

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
    def connections(self) -> dict[str, int]:
        """How many connections are open, and how many of them wait for work."""
        return self._pool.connections


async def _nothing_to_reset(_connection: object) -> None:
    return None
