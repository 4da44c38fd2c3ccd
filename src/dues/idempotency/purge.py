"""Forgets expired answers, a few at a time, without ever holding up work."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from dues.db.database import Database
from dues.db.purging import repeat_purge
from dues.idempotency import store

BATCH_SIZE: Final = 1_000
"""Some ten milliseconds of one connection; rows in use are skipped, so nobody waits for it."""

BREATH_SECONDS: Final = 0.05
PAUSE_SECONDS: Final = 60.0


async def purge_for_ever(database: Database) -> None:
    """Runs until cancelled. Any number of processes may do so at once."""
    await repeat_purge(lambda: _purge(database), PAUSE_SECONDS)


async def _purge(database: Database) -> None:
    while await store.delete_expired(database, 1, datetime.now(UTC), BATCH_SIZE) == BATCH_SIZE:
        await asyncio.sleep(BREATH_SECONDS)
