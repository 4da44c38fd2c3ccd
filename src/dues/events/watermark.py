"""The watermark of the feed: the position up to which it is stable, since no transaction under way can add to it.

A position is taken before its transaction commits, so a later one may be visible earlier: a reader who went on from
it would miss the other. But whoever takes a position has locked the table of events for writing already, as every
INSERT does, and keeps that lock until others see what it did. So: what was the latest position (1), who holds such a
lock (2), and has each of those ended (3)? Then every event up to (1) can be read, or will never exist. Nothing is
written, nobody is waited for but who writes events of this database, and no process leads.

All of it has to be asked of one server. Where a standby took over meanwhile, the look is begun anew: what the other
primary knew, of positions or of who writes, says nothing of this one. And what standbys have to confirm is told to
nobody before they have: a reader that knows more than the next primary would miss what is written there in its place.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from msgspec import Struct, structs

from dues.db.database import Database
from dues.db.errors import Unavailable
from dues.db.transaction import CONFIRM, Row
from dues.events import store

PATIENCE_SECONDS: Final = 2.0
"""A caller is given the previous watermark where some transaction takes longer than this."""

HURRY_SECONDS: Final = 0.5
"""Who asks within a group of requests keeps others waiting."""

LOOK_SECONDS_MIN: Final = 0.001
LOOK_SECONDS_MAX: Final = 0.05

PREPARED: Final = "prepared"
"""All writers whose transaction was prepared for a commit in two phases: those are called by another name then."""

Ask = Callable[..., Awaitable[Sequence[Row]]]
"""Asks the database, each time with a snapshot of its own."""


class Mark(Struct, frozen=True):
    """A position, and who wrote when it was the latest: it is stable once they have ended."""

    position: int
    writers: frozenset[str]
    since: float
    server: datetime | None = None
    """Whose it is: when that server was started."""
    has_standby: bool = False

    def is_stable(self, writing: frozenset[str]) -> bool:
        """Whether all of them have ended, where these are writing."""
        return not self.writers & writing

    def of(self, writers: frozenset[str]) -> "Mark":
        """The same, with who wrote then."""
        return structs.replace(self, writers=writers | {PREPARED} if writers else writers)

    async def writing(self, ask: Ask) -> frozenset[str]:
        """Who is writing now. Raises Unavailable where that is asked of another server."""
        rows = await ask(store.FIND_WRITERS)
        if rows[0]["server"] != self.server:
            raise Unavailable("the database is another server now")
        return frozenset(row["writer"] for row in rows if row["writer"])

    async def confirm(self, ask: Ask) -> None:
        """Returns when the standbys have what is up to here, where there are any."""
        if self.has_standby:
            await ask(CONFIRM)


async def mark(ask: Ask) -> tuple[Mark, frozenset[str]]:
    """The latest position where all servers connect, and who is writing. In this order: who took it before that was
    read, is seen writing."""
    since = time.monotonic()
    [row] = await ask(store.FIND_LATEST_POSITION)
    latest = Mark(row["position"], frozenset(), since, row["server"], row["has_standby"])
    writing = await latest.writing(ask)
    return latest.of(writing), writing


async def next_stable_position(ask: Ask) -> int:
    """A position below which nothing is committed any more; all that was committed before the call is below it.

    Raises Unavailable where some transaction takes too long for that.
    """
    marked, writing = await mark(ask)
    pauses = Pauses(HURRY_SECONDS)
    while not marked.is_stable(writing):
        if not await pauses.wait():
            raise Unavailable("a transaction that writes events takes long")
        writing = await marked.writing(ask)
    return marked.position


class Pauses:
    """Those between two looks: longer and longer, for so long in all."""

    def __init__(self, seconds: float) -> None:
        self._next = LOOK_SECONDS_MIN
        self._until = time.monotonic() + seconds

    async def wait(self) -> bool:
        """Waits a little; False where it was for too long already."""
        if time.monotonic() > self._until:
            return False
        await asyncio.sleep(self._next)
        self._next = min(2 * self._next, LOOK_SECONDS_MAX)
        return True


class Stable:
    """A position up to which nothing can come any more, for everybody in a process who asks at the same time.

    `look`: a position that nobody takes any more, and who may have taken one up to there before and has not ended;
    `writing`: who of those is still there.
    """

    def __init__(
        self,
        ask: Ask,
        look: Callable[[], Awaitable[tuple[Mark, frozenset[str]]]],
        writing: Callable[[Mark], Awaitable[frozenset[str]]],
    ) -> None:
        self._ask = ask
        self._look_at = look
        self._writing = writing
        self._stable = 0
        self._held: Mark | None = None
        self.server: datetime | None = None
        self._looking: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def position(self) -> int:
        """The position up to which all events can be read, those that were committed before the call among them.

        Where a transaction is under way for long: up to what came before it. Raises Unavailable.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._look_after(self._looking))
        await asyncio.shield(self._next)
        return self._stable

    @property
    def lag_seconds(self) -> float:
        """For how long it has waited for transactions that were under way; 0 where it waits for none."""
        return time.monotonic() - self._held.since if self._held else 0.0

    async def _look_after(self, other: "asyncio.Task[None] | None") -> None:
        """A look that began before somebody's commit may have missed it, so whoever comes later gets the next."""
        if other is not None:
            await asyncio.wait([other])
        self._looking, self._next = self._next, None
        await self._look()

    async def _look(self) -> None:
        """Waits for the latest position to be stable, and no longer than it has patience.

        What an earlier look has waited for in vain is waited for on: where transactions that take long follow each
        other closely, there is never a moment at which none is under way.
        """
        latest, writing = await self._look_at()
        if latest.server != self.server:
            self._stable, self._held, self.server = 0, None, latest.server
        pauses = Pauses(PATIENCE_SECONDS)
        while not latest.is_stable(writing):
            if self._held and self._held.is_stable(writing):
                await self._held.confirm(self._ask)
                self._stable, self._held = max(self._stable, self._held.position), latest
            if not await pauses.wait():
                self._held = self._held or latest
                return
            writing = await self._writing(latest)
        await latest.confirm(self._ask)
        self._stable, self._held = max(self._stable, latest.position), None


class Watermark:
    """The watermark of one process.

    Where the database is spread over nodes, positions are taken where all servers connect, and that is asked first. A
    transaction that has ended there may still be under way on the node of its cell, where that did not answer: so the
    node is asked who writes there. Each cell has a watermark of its own then, and waits for the nodes of no others.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        ask = database.rows
        self._everywhere = Stable(ask, partial(mark, ask), lambda latest: latest.writing(ask))
        self._cells: dict[int, Stable] = {}

    async def stable_position(self, cell: int) -> int:
        """The position up to which all events of a cell can be read, those that were committed before the call among
        them.

        Where a transaction is under way for long: up to what came before it. Raises Unavailable.
        """
        return await (self._of(cell) if self._database.is_spread else self._everywhere).position()

    async def look(self) -> None:
        """Looks once more where all servers connect. Raises Unavailable."""
        await self._everywhere.position()

    @property
    def lag_seconds(self) -> float:
        """For how long the watermark has waited for transactions that were under way, in the cell that waits longest of
        those that anybody has asked for; 0 where it waits for none."""
        return max(one.lag_seconds for one in (self._everywhere, *self._cells.values()))

    def _of(self, cell: int) -> Stable:
        return self._cells.get(cell) or self._cells.setdefault(cell, self._on_node(cell))

    def _on_node(self, cell: int) -> Stable:
        async def writing(_latest: Mark | None = None) -> frozenset[str]:
            rows = await self._database.rows(store.FIND_WRITERS_ON_NODE, cell)
            return frozenset(row["writer"] for row in rows)

        async def look() -> tuple[Mark, frozenset[str]]:
            since, position = time.monotonic(), await self._everywhere.position()
            latest, there = Mark(position, frozenset(), since, self._everywhere.server), await writing()
            return latest.of(there), there

        return Stable(self._database.rows, look, writing)
