"""Deletes events that are older than they are kept."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, get_args

from dues.background import Batch, Job, run_batches
from dues.db.database import Database
from dues.events.catalogue import EventType
from dues.events.retention import store

EVERY_SECONDS: Final = 600.0
BATCH_SIZE: Final = 500


def event_retention(database: Database, kept: timedelta) -> Job:
    """The job that deletes them.

    By this server's clock: a test clock that is ahead makes events younger, so they are kept longer, never shorter.
    """
    return Job("retention of events", EVERY_SECONDS, lambda: purge_events(database, datetime.now(UTC) - kept))


async def purge_events(database: Database, before: datetime) -> None:
    """Deletes every tenant's events from before a time."""
    await run_batches(_old_events(database, before), BATCH_SIZE)


async def _old_events(database: Database, before: datetime) -> AsyncIterator[Batch]:
    for tenant in await store.list_tenants(database):
        for event_type in get_args(EventType):
            yield partial(store.delete_old_events, database, tenant, event_type, before, BATCH_SIZE)
