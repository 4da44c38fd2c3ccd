"""What is sent while it is read: from one instant, in its turn, in parts of some size, and not for ever."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Final

from dues.db.database import Database
from dues.db.errors import Unavailable
from dues.resources.doing import Call

EXPORT_SECONDS: Final = 1_800.0
"""Of one file. While somebody reads from it, nothing is vacuumed that it may see."""

ROWS_IN_A_ROW: Final = 100
"""After so many whoever else is there has a turn: these take two milliseconds or so."""

PART_LENGTH: Final = 65_536
"""Characters that are sent at once, at least."""


async def send(call: Call, lines: Callable[[Database], AsyncIterator[str]]) -> AsyncIterator[bytes]:
    """What `lines` gives of a snapshot, in parts, of which the first is made. Raises what stands in the way of that:
    Unavailable where its turn does not come or the database is away."""
    return await begun(_parts(call, lines))


async def _parts(call: Call, lines: Callable[[Database], AsyncIterator[str]]) -> AsyncGenerator[bytes]:
    ends_at, text, done = time.monotonic() + EXPORT_SECONDS, "", 0
    async with turn_of(call), call.database.snapshot() as snapshot:
        async for line in lines(snapshot):
            text, done = text + line, done + 1
            if done % ROWS_IN_A_ROW == 0:
                await asyncio.sleep(0)
            if len(text) >= PART_LENGTH:
                yield text.encode()
                text = ""
                if time.monotonic() > ends_at:
                    raise Unavailable(f"a file was not read to its end in {EXPORT_SECONDS:.0f} seconds")
        yield text.encode()


def turn_of(call: Call) -> AbstractAsyncContextManager[None]:
    """Its turn among what is had whole; where nobody else is, at once."""
    return call.turns.export_of(call.tenant.id) if call.turns else nullcontext()


async def begun(parts: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """The same, the first of which is made: whatever stands in the way of that is raised here."""
    return _all(await anext(parts), parts)


async def _all(first: bytes, parts: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(parts):
        yield first
        async for part in parts:
            yield part
