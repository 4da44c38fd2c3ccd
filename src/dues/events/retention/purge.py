"""Deletes events that are older than they are kept."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from dues.background import Job, ObservePurge, Purge, Queue
from dues.db.database import Database
from dues.events.retention import store
from dues.tenants.store import list_cells

EVERY_SECONDS: Final = 30.0

BATCH_SIZE: Final = 500
"""Some ten milliseconds: for so long the feed waits, as for everybody who writes to its table."""


def event_retention(database: Database, kept: timedelta, observe: ObservePurge) -> Job:
    """The job that deletes them.

    By this server's clock: a test clock that is ahead makes events younger, so they are kept longer, never shorter.
    """
    return Job("retention of events", EVERY_SECONDS, lambda: purge_events(database, datetime.now(UTC) - kept, observe))


async def purge_events(database: Database, before: datetime, observe: ObservePurge) -> None:
    """Deletes every tenant's events from before a time."""
    await Purge("events", before, BATCH_SIZE, observe).run(_old_events(database, before))


async def _old_events(database: Database, before: datetime) -> AsyncIterator[Queue]:
    for cell in await list_cells(database):
        for tenant, event_type, first in await store.find_old_events(database, cell, before):
            yield partial(store.delete_old_events, database, tenant, event_type, before), first - 1
