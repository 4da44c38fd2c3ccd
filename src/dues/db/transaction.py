"""One transaction on one cell: reads at once, writes together at its end in a single statement."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, Protocol

from dues.db.arrays import SENT_AS_TEXT, Write
from dues.db.citus import in_its_cell
from dues.db.errors import Unavailable, translated

Row = Mapping[str, Any]
"""A row of an answer: column name to value."""


CONFIRM: Final = """
select pg_logical_emit_message(true, 'dues', '') where current_setting('synchronous_standby_names') <> ''
"""
"""A commit of nothing. It waits for a standby as every commit does, and so for all that was committed before it."""


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
    transaction that locks nothing therefore *is* that one statement, and BEGIN and COMMIT are not sent at all: unless
    it must be begun, by `begin`, since the session is lent for a transaction only.
    """

    def __init__(self, connection: Connection, cell: int, begin: str = "", *, is_spread: bool = False) -> None:
        self._connection = connection
        self._begin_with = begin
        self._begun = False
        self._writes: dict[str, list[tuple[object, ...]]] = {}
        self._confirms = False
        self.cell = cell
        self.is_spread = is_spread
        """Whether the database is spread over nodes."""

    async def find(self, query: str, *args: object) -> list[Row]:
        """Rows of a SELECT that locks nothing."""
        with translated():
            if self._begin_with:
                await self._begin()
            return await self._connection.fetch(query, *args)

    async def lock(self, query: str, *args: object) -> list[Row]:
        """Rows of a statement whose effect holds until the end: SELECT … FOR UPDATE, or a write others build on."""
        with translated():
            await self._begin()
            return await self._connection.fetch(query, *args)

    async def wait_at_most(self, seconds: float) -> None:
        """From here to the end, what another transaction holds is waited for no longer than this."""
        with translated():
            await self._begin()
            await self._connection.execute(f"set local lock_timeout = {seconds * 1000:.0f}")

    async def stand_still(self) -> None:
        """From here to the end all is read as it is at the first look, and nothing can be written."""
        with translated():
            await self._begin()
            await self._connection.execute("set transaction isolation level repeatable read, read only")
            if self.is_spread:
                # Each node has an instant of its own, which a session asks it for once. A cell is on one node.
                await self._connection.execute("set local citus.max_adaptive_executor_pool_size = 1")

    async def _begin(self) -> None:
        if not self._begun:
            # Before it is sent: where it is cut off, nobody knows, and to roll back nothing does no harm.
            self._begun = True
            await self._connection.execute(self._begin_with or "begin")

    def write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Puts off `rows` to the end: `statement` writes to the cell $1 what it takes FROM unnest($2, $3, …), of which
        $2 is never null.

        Statements are carried out in the order in which they were first put off.
        """
        if rows:
            self._writes.setdefault(statement, []).extend(rows)

    def confirm(self) -> None:
        """What was read is going to be told as done, so `commit` waits until standbys have it too: what they have not
        confirmed can be seen already, where whoever waited for that has gone."""
        self._confirms = True

    async def flush(self) -> None:
        """Writes what was put off, so that what follows in this transaction finds it. Raises as `commit` does."""
        with translated():
            await self._begin()
            if self._writes:
                await self._send()
                self._writes = {}

    async def _send(self) -> None:
        statement, writes = combined(tuple(self._writes), self.is_spread)
        columns = (column for rows in self._writes.values() for column in zip(*rows, strict=True))
        await self._connection.fetch(statement, self.cell, *map(_array, columns, writes))

    async def commit(self) -> None:
        """Writes what was put off, and commits. Raises Conflict where another transaction was first."""
        with translated():
            if self._writes:
                if self._begin_with:
                    await self._begin()
                await self._send()
            elif self._confirms:
                await self._connection.fetch(CONFIRM)
            if self._begun:
                await self._connection.execute("commit")
                self._begun = False

    async def end(self) -> None:
        """Leaves nothing behind of what was not committed; harmless after `commit`."""
        if self._begun:
            self._begun = False
            with suppress(Unavailable), translated():
                await self._connection.execute("rollback")


def _array(column: Sequence[object], write: Write | None) -> object:
    """What is sent for a column. What is null everywhere need not be, since unnest fills up its shorter arrays so."""
    if column[0] is None and all(value is None for value in column):
        return None
    return write(column) if write else column


@lru_cache(maxsize=1024)
def combined(statements: tuple[str, ...], is_spread: bool = False) -> tuple[str, Sequence[Write | None]]:
    """One statement that runs all of `statements` in their order, on one cell: WITH w1 AS (…), w0 AS (…) SELECT; and
    how each of its parameters after $1 is written, where that is sent as text.

    $1, the cell, is common to all; their other parameters are numbered on. PostgreSQL runs what nothing refers to from
    the last to the first, so they are written the other way round. Their order matters: whoever updates an object's
    row before it writes to its ledger waits there for whoever holds it, and holds nothing that they need.

    Where the database `is_spread` over nodes, each part is run by itself, from the first to the last.
    """
    statements = tuple(map(in_its_cell, statements)) if is_spread else statements
    parts, used, writes = [], 0, list[Write | None]()
    for position, statement in enumerate(statements):
        numbers = [int(number) for number in _PARAMETER.findall(statement)]
        types = {int(number): kind for number, kind in _TYPED.findall(statement)}
        writes += [SENT_AS_TEXT.get(types.get(number, "")) for number in range(2, max(numbers) + 1)]
        as_text = _TYPED.sub(r"$\1::text::\2[]", statement)
        shifted = _PARAMETER.sub(lambda match, by=used: f"${int(match[1]) + by}", as_text)  # type: ignore[misc]
        parts.append(f"w{position} as ({shifted})")
        used += max(numbers) - 1
    return f"with {', '.join(parts if is_spread else reversed(parts))} select", writes


_PARAMETER = re.compile(r"\$(?!1\b)(\d+)")
"""Every parameter but $1."""

_TYPED = re.compile(rf"\$(\d+)::({'|'.join(SENT_AS_TEXT)})\[\]")
