"""Forgets expired answers, a few at a time, without ever holding up work."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import structlog

from dues.db.database import Database
from dues.db.errors import Conflict, LockTimeout, Unavailable
from dues.idempotency import store

BATCH_SIZE: Final = 1_000
"""Some ten milliseconds of one connection; rows in use are skipped, so nobody waits for it."""

BREATH_SECONDS: Final = 0.05
PAUSE_SECONDS: Final = 60.0

_log = structlog.get_logger()


async def purge_for_ever(database: Database) -> None:
    """Runs until cancelled. Any number of processes may do so at once."""
    while True:
        try:
            while await store.delete_expired(database, datetime.now(UTC), BATCH_SIZE) == BATCH_SIZE:
                await asyncio.sleep(BREATH_SECONDS)
        except (Unavailable, Conflict, LockTimeout) as error:
            _log.warning("purge_postponed", reason=str(error))
        await asyncio.sleep(PAUSE_SECONDS)
