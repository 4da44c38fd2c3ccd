"""One transaction: reads at once, writes together at its end in a single statement."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Protocol

from dues.db.errors import Unavailable, translated

Row = Mapping[str, Any]
"""A row of an answer: column name to value."""


class Connection(Protocol):
    """What a transaction needs of the driver's connection."""

    async def fetch(self, query: str, *args: object) -> list[Any]:
        """Runs one statement and returns its rows."""
        ...

    async def execute(self, query: str, *args: object) -> str:
        """Runs one statement and returns its status."""
        ...


class Transaction:
    """All or nothing: what was written stands after `commit`, or nothing does.

    Writes are put off and combined, so a group of requests writes all its tables in one round trip. A
    transaction that locks nothing therefore *is* that one statement, and BEGIN and COMMIT are not sent at all.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._begun = False
        self._writes: dict[str, list[tuple[object, ...]]] = {}

    async def find(self, query: str, *args: object) -> list[Row]:
        """Rows of a SELECT that locks nothing."""
        with translated():
            return await self._connection.fetch(query, *args)

    async def lock(self, query: str, *args: object) -> list[Row]:
        """Rows of a statement whose effect holds until the end: SELECT … FOR UPDATE, or a write others build on."""
        with translated():
            if not self._begun:
                await self._connection.execute("begin")
                self._begun = True
            return await self._connection.fetch(query, *args)

    def write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Puts off `rows` for `statement`, which writes what it takes FROM unnest($1, $2, …), to the end."""
        if rows:
            self._writes.setdefault(statement, []).extend(rows)

    async def commit(self) -> None:
        """Writes what was put off, and commits. Raises Conflict where another transaction was first."""
        with translated():
            if self._writes:
                columns = [column for rows in self._writes.values() for column in zip(*rows, strict=True)]
                await self._connection.fetch(combined(tuple(self._writes)), *columns)
            if self._begun:
                await self._connection.execute("commit")
                self._begun = False

    async def end(self) -> None:
        """Leaves nothing behind of what was not committed; harmless after `commit`."""
        if self._begun:
            # A connection that broke has taken its transaction with it; what broke it is for others to tell.
            with suppress(Unavailable), translated():
                await self._connection.execute("rollback")


@lru_cache(maxsize=256)
def combined(statements: tuple[str, ...]) -> str:
    """One statement that runs all of `statements`, their parameters numbered on: WITH w1 AS (…), w2 AS (…) SELECT."""
    parts, used = [], 0
    for position, statement in enumerate(statements):
        numbers = [int(number) for number in _PARAMETER.findall(statement)]
        shifted = _PARAMETER.sub(lambda match, by=used: f"${int(match[1]) + by}", statement)  # type: ignore[misc]
        parts.append(f"w{position} as ({shifted})")
        used += max(numbers)
    return f"with {', '.join(parts)} select"


_PARAMETER = re.compile(r"\$(\d+)")
