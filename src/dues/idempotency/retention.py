"""Retention of stored answers: expired ones are deleted."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Final

from dues.background import Batch, Job, run_batches
from dues.db.database import Database
from dues.idempotency import store
from dues.tenants.store import list_cells

EVERY_SECONDS: Final = 60.0

BATCH_SIZE: Final = 1_000
"""Some ten milliseconds of one connection; rows in use are skipped, so nobody waits for it."""


def answer_retention(database: Database) -> Job:
    """The job that deletes them."""
    return Job("retention of answers", EVERY_SECONDS, lambda: run_batches(_expired(database), BATCH_SIZE))


async def _expired(database: Database) -> AsyncIterator[Batch]:
    for cell in await list_cells(database):
        yield partial(store.delete_expired, database, cell, datetime.now(UTC), BATCH_SIZE)
