"""The watermark of the feed: the position up to which it is stable, since no transaction under way can add to it.

A position is taken before its transaction commits, so a later one may be visible earlier: a reader who went on from
it would miss the other. But whoever takes a position has a transaction number already. So: what was the latest
position (1), which is the next transaction number (2), and have all transactions with lower numbers ended (3)? Then
every event up to (1) can be read, or will never exist. No table, no lock and no leader; whoever wants to know asks.
"""

import asyncio
import time
from typing import Final

from dues.db.database import Database
from dues.events import store

PATIENCE_SECONDS: Final = 2.0
"""A caller is given the previous watermark where some transaction takes longer than this."""

LOOK_SECONDS_MIN: Final = 0.001
LOOK_SECONDS_MAX: Final = 0.05


class Watermark:
    """Answers everybody in a process who asks at the same time with one look at the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stable = 0
        self._looking: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def stable_position(self) -> int:
        """The position up to which all events can be read, those that were committed before the call among them.

        Where a transaction is under way for long: up to what came before it. Raises Unavailable.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._look_after(self._looking))
        await asyncio.shield(self._next)
        return self._stable

    async def _look_after(self, other: "asyncio.Task[None] | None") -> None:
        """A look that began before somebody's commit may have missed it, so whoever comes later gets the next."""
        if other is not None:
            await asyncio.wait([other])
        self._looking, self._next = self._next, None
        await self._look()

    async def _look(self) -> None:
        position = (await self._database.rows(store.FIND_LATEST_POSITION))[0]["position"]
        [running] = await self._database.rows(store.FIND_RUNNING)
        oldest, pause, give_up_at = running["oldest"], LOOK_SECONDS_MIN, time.monotonic() + PATIENCE_SECONDS
        while oldest < running["own"]:
            if time.monotonic() > give_up_at:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, LOOK_SECONDS_MAX)
            oldest = (await self._database.rows(store.FIND_OLDEST_RUNNING))[0]["oldest"]
        self._stable = max(self._stable, position)
