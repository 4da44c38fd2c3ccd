"""Turns: few lists, reports and feeds of one tenant are read at a time, so that nobody's keep others waiting.

Few lists are had whole, in all.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from dues.db.database import Database
from dues.db.errors import Unavailable

AT_A_TIME: Final = 2
"""Statements of one tenant, in one process. A third waits for its turn; what is not under way costs nothing."""

TURN_SECONDS: Final = 10.0
"""How long one waits for its turn. Whoever asks for so much that this does not do had better ask again later."""


EXPORTS_AT_A_TIME: Final = 2
"""Lists that are had whole, in one process: each has a connection of its own and keeps a processor busy."""

EXPORT_TURN_SECONDS: Final = 60.0
"""How long one waits to have a list whole. Who has a file written each night can wait, or come again."""


class Turns:
    """A pool for lists, of which each tenant has its share."""

    def __init__(self, database: Database, turn_seconds: float = TURN_SECONDS) -> None:
        self._database = database
        self._turn_seconds = turn_seconds
        # A share is kept while somebody reads through it.
        self._shares: WeakValueDictionary[int, Database] = WeakValueDictionary()
        self._exports = asyncio.Semaphore(EXPORTS_AT_A_TIME)
        self._exporting: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def share_of(self, tenant_id: int) -> Database:
        """The pool as this tenant may use it. It raises Unavailable where one's turn does not come."""
        share = self._shares.get(tenant_id)
        if share is None:
            share = self._shares[tenant_id] = self._database.share(_Turn(self._turn_seconds))
        return share

    @asynccontextmanager
    async def export_of(self, tenant_id: int, turn_seconds: float = EXPORT_TURN_SECONDS) -> AsyncIterator[None]:
        """This tenant's turn to have a list whole: one at a time, so that no tenant has all turns. It raises
        Unavailable where it does not come."""
        own = self._exporting.get(tenant_id) or asyncio.Lock()
        self._exporting[tenant_id] = own
        async with AsyncExitStack() as taken:
            try:
                async with asyncio.timeout(turn_seconds):
                    await taken.enter_async_context(own)
                    await taken.enter_async_context(self._exports)
            except TimeoutError:
                raise Unavailable("too many lists are had whole at a time") from None
            yield


class _Turn:
    """What one of a tenant's statements is in while it runs."""

    def __init__(self, seconds: float) -> None:
        self._free = asyncio.Semaphore(AT_A_TIME)
        self._seconds = seconds

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("too many lists of one tenant wait for their turn") from None

    async def __aexit__(self, *_error: object) -> None:
        self._free.release()
