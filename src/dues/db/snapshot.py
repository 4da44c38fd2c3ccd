"""The whole database as it was at one instant, read in bounded memory while others go on writing."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from dues.db.citus import is_spread
from dues.db.errors import Transient, translated
from dues.db.hosts import connect
from dues.db.transaction import Row

ROWS_AT_ONCE: Final = 5_000

CLOSE_SECONDS: Final = 5


class Snapshot:
    """One read-only, repeatable transaction. Made by `open_snapshot`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, query: str, *args: object) -> list[Row]:
        """All rows of a statement that may take long, but gives few."""
        with translated():
            found: list[Row] = await self._connection.fetch(query, *args)
            return found

    async def stream(self, query: str, *args: object) -> AsyncIterator[Row]:
        """The rows of a statement that gives many, some at a time."""
        with translated():
            async for row in self._connection.cursor(query, *args, prefetch=ROWS_AT_ONCE):
                yield row


@asynccontextmanager
async def open_instant(url: str, session: Mapping[str, str], *, is_spread: bool) -> AsyncIterator[Any]:
    """A connection to which the database stays as it is now, in a session with these parameters; it writes nothing."""
    with translated():
        connection = await connect(url, server_settings=dict(session))
    try:
        with translated():
            await connection.transaction(isolation="repeatable_read", readonly=True).start()
            if is_spread:
                # As below.
                await connection.execute("set local citus.max_adaptive_executor_pool_size = 1")
        # What goes wrong in the block is not the database's: a disk may be full.
        yield connection
    finally:
        with suppress(Transient), translated():
            await connection.close(timeout=CLOSE_SECONDS)  # nothing was written, so nothing is to be rolled back


@asynccontextmanager
async def open_snapshot(url: str) -> AsyncIterator[tuple[Snapshot, Snapshot]]:
    """Two readers of one instant, so that two streams can be read side by side.

    Where the database is spread over nodes, that is one instant of each node.
    """
    with translated():
        first, second = await connect(url), await connect(url)
        try:
            if spread := await is_spread(first):
                await first.execute("set citus.override_table_visibility = off")
            async with first.transaction(isolation="repeatable_read", readonly=True):
                if spread:
                    # Each node has an instant of its own, which a session has asked it for once. A cell is on one node.
                    await first.execute("set local citus.max_adaptive_executor_pool_size = 1")
                    yield Snapshot(first), Snapshot(first)
                    return
                name = await first.fetchval("select pg_export_snapshot()")
                async with second.transaction(isolation="repeatable_read", readonly=True):
                    await second.execute(f"set transaction snapshot '{name}'")
                    yield Snapshot(first), Snapshot(second)
        finally:
            await first.close()
            await second.close()
