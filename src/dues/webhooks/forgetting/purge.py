"""Forgets deliveries of events that are older than they are kept, and all that was a deleted endpoint's."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from dues.db.database import Database
from dues.db.purging import repeat_purge
from dues.domain.ids import first_id
from dues.webhooks.forgetting import store

BATCH_SIZE: Final = 1_000
BREATH_SECONDS: Final = 0.05
PAUSE_SECONDS: Final = 600.0

_EVERY_EVENT: Final = "evt_~"
"""Above every id."""


async def forget_deliveries_for_ever(database: Database, kept: timedelta) -> None:
    """Runs until cancelled. Any number of processes may do so at once."""
    await repeat_purge(lambda: forget_deliveries(database, datetime.now(UTC) - kept), PAUSE_SECONDS)


async def forget_deliveries(database: Database, before: datetime) -> None:
    """Forgets deliveries of events from before a time, but for those that are still tried."""
    for tenant_id, endpoint_id, is_gone in await store.find_endpoints_delivered_to(database):
        limit, but = (_EVERY_EVENT, "") if is_gone else (first_id("evt_", before), "pending")
        while await store.delete_deliveries(database, tenant_id, endpoint_id, limit, but, BATCH_SIZE) == BATCH_SIZE:
            await asyncio.sleep(BREATH_SECONDS)
    while await store.delete_lanes_of_nobody(database, BATCH_SIZE) == BATCH_SIZE:
        await asyncio.sleep(BREATH_SECONDS)
