"""Tables as bytes, by COPY: out of one moment of a database, and into an empty one in one transaction.

The bytes are PostgreSQL's text format, which every version reads and writes alike.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import asyncpg

from dues.db.errors import Conflict, Contradiction, translated
from dues.db.migrate import apply_migrations, refuse_old_postgres
from dues.db.transaction import Row

_SESSION: Final = {
    "application_name": "dues",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "bytea_output": "hex",
    # A backup takes as long as it takes, whatever is usual for the role.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}


class DoesNotFit(Exception):
    """PostgreSQL does not take what is copied into its tables. The message says why, and quotes no row."""


class CopySource:
    """One read-only, repeatable transaction. Made by `open_copy_source`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @property
    def postgresql(self) -> str:
        """Its server's version, such as 18.1."""
        return _version(self._connection)

    async def rows(self, query: str, *args: object) -> list[Row]:
        """The rows of a statement."""
        with translated():
            found: list[Row] = await self._connection.fetch(query, *args)
            return found

    async def copy_out(self, query: str, *args: object, sink: Callable[[bytes], None]) -> None:
        """Passes the rows of a statement to `sink`, as lines, some kilobytes at a time."""

        async def output(data: bytes) -> None:
            sink(data)

        with translated():
            await self._connection.copy_from_query(query, *args, output=output)

    async def copy_json_out(self, query: str, *args: object, sink: Callable[[bytes], None]) -> None:
        """The same, of a statement with one column of JSON, each value as it is on a line of its own."""

        async def output(data: bytes) -> None:
            sink(data)

        with translated():
            # JSON has none of these two characters, nor a line break, so nothing is quoted.
            await self._connection.copy_from_query(
                query, *args, output=output, format="csv", delimiter="\x01", quote="\x02"
            )


@asynccontextmanager
async def open_copy_source(url: str) -> AsyncIterator[CopySource]:
    """Everything as it is at this moment, however long it takes to be read."""
    async with _connected(url) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        yield CopySource(connection)


class CopyTarget(CopySource):
    """One transaction that makes everything, or nothing. Made by `open_copy_target`."""

    async def migrate(self, last: str | None = None) -> list[str]:
        """Applies migrations up to `last`; None: all that are missing. Their names."""
        with _fitting():
            return await apply_migrations(self._connection, last)

    async def execute(self, statement: str, *args: object) -> None:
        """Carries out a statement."""
        with _fitting():
            await self._connection.execute(statement, *args)

    async def copy_in(self, table: str, columns: Sequence[str], source: AsyncIterator[bytes]) -> None:
        """Fills a table with lines."""
        with _fitting():
            await self._connection.copy_to_table(table, columns=columns, source=source)


@asynccontextmanager
async def open_copy_target(url: str) -> AsyncIterator[CopyTarget]:
    """A transaction, committed where the block ends well. Raises PostgresTooOld."""
    async with _connected(url) as connection:
        refuse_old_postgres(connection)
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield CopyTarget(connection)
        except BaseException:
            if not connection.is_closed():
                with translated():
                    await transaction.rollback()
            raise
        with _fitting():
            await transaction.commit()


async def execute_alone(url: str, statement: str, *args: object) -> None:
    """Carries out one statement, in no transaction of ours."""
    async with _connected(url) as connection:
        with translated():
            await connection.execute(statement, *args)


async def execute_if_possible(url: str, statement: str, *args: object) -> bool:
    """The same; False where it cannot be: on a standby, by a role that may not, or in a schema from before it."""
    async with _connected(url) as connection:
        try:
            await connection.execute(statement, *args)
        except (
            asyncpg.ReadOnlySQLTransactionError,
            asyncpg.InsufficientPrivilegeError,
            asyncpg.UndefinedTableError,
            asyncpg.InsufficientResourcesError,
        ):
            return False
        return True


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    with translated():
        connection = await asyncpg.connect(url, server_settings=_SESSION)
    try:
        yield connection
    finally:
        await connection.close()


@contextmanager
def _fitting() -> Iterator[None]:
    try:
        with translated():
            yield
    except (Conflict, Contradiction, asyncpg.PostgresError) as error:
        # The message alone: what the driver adds to it quotes the row.
        raise DoesNotFit(str((error.__cause__ or error).args[0])) from error


def _version(connection: Any) -> str:
    found = connection.get_server_version()
    return f"{found.major}.{found.minor}"
