"""Purges run for ever: each again and again, with a pause; where the database is away, later."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from dues.db.errors import Conflict, LockTimeout, Unavailable

_log = structlog.get_logger()


async def repeat_purge(purge: Callable[[], Awaitable[None]], pause_seconds: float) -> None:
    """Runs until cancelled. Any number of processes may run the same purge at once."""
    while True:
        try:
            await purge()
        except (Unavailable, Conflict, LockTimeout) as error:
            _log.warning("purge_postponed", reason=str(error))
        await asyncio.sleep(pause_seconds)
