"""Forgets events that are older than they are kept, a few at a time."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final, get_args

from dues.db.database import Database
from dues.db.purging import repeat_purge
from dues.events.catalogue import EventType
from dues.events.forgetting import store

BATCH_SIZE: Final = 500
BREATH_SECONDS: Final = 0.05
PAUSE_SECONDS: Final = 600.0


async def forget_events_for_ever(database: Database, kept: timedelta) -> None:
    """Runs until cancelled. Any number of processes may do so at once.

    By this server's clock: a test clock that is ahead makes events younger, so they are kept longer, never shorter.
    """
    await repeat_purge(lambda: forget_events(database, datetime.now(UTC) - kept), PAUSE_SECONDS)


async def forget_events(database: Database, before: datetime) -> None:
    """Forgets every tenant's events from before a time."""
    for tenant in await database.rows(store.FIND_TENANTS):
        for event_type in get_args(EventType):
            while await store.delete_old_events(database, tenant["id"], event_type, before, BATCH_SIZE) == BATCH_SIZE:
                await asyncio.sleep(BREATH_SECONDS)
