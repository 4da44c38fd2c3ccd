"""Deletes deliveries of events that are older than they are kept, and all that was a deleted endpoint's."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from dues.background import Batch, Job, ObservePurge, Purge, Queue, run_batches
from dues.db.database import Database
from dues.domain.ids import first_id
from dues.tenants.store import list_cells
from dues.webhooks.retention import store

EVERY_SECONDS: Final = 30.0
BATCH_SIZE: Final = 1_000

_EVERY_EVENT: Final = "evt_~"
"""Above every id."""


def delivery_retention(database: Database, kept: timedelta, observe: ObservePurge) -> Job:
    """The job that deletes them."""
    return Job(
        "retention of deliveries",
        EVERY_SECONDS,
        lambda: purge_deliveries(database, datetime.now(UTC) - kept, observe),
    )


async def purge_deliveries(database: Database, before: datetime, observe: ObservePurge) -> None:
    """Deletes deliveries of events from before a time, but for those that are still tried; and lanes of endpoints that
    were deleted."""
    await Purge("webhook_deliveries", before, BATCH_SIZE, observe).run(_old_deliveries(database, before))
    await run_batches(_stray_lanes(database), BATCH_SIZE)


async def _old_deliveries(database: Database, before: datetime) -> AsyncIterator[Queue]:
    for cell in await list_cells(database):
        for tenant, endpoint_id, is_gone in await store.find_endpoints_delivered_to(database, cell):
            below, but = (_EVERY_EVENT, "") if is_gone else (first_id("evt_", before), "pending")
            yield partial(store.delete_deliveries, database, tenant, endpoint_id, below, but), ""


async def _stray_lanes(database: Database) -> AsyncIterator[Batch]:
    for cell in await list_cells(database):
        yield partial(store.delete_stray_lanes, database, cell, BATCH_SIZE)
