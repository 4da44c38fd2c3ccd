"""Retention of jobs: what has expired is forgotten, with its bytes and its rows."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from dues.background import Batch, Job, run_batches
from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.jobs.chunks.store import forget_job
from dues.jobs.expired.store import list_expired
from dues.tenants.store import list_cells

EVERY_SECONDS: Final = 600.0

BATCH_SIZE: Final = 5

KEPT: Final = timedelta(days=30)
"""How long a job, its bytes and its result are kept where nothing else is said."""

STALE: Final = timedelta(hours=1)
"""A file of which nothing more came for so long never was whole."""


def job_retention(database: Database) -> Job:
    """The job that forgets them."""
    return Job("retention of jobs", EVERY_SECONDS, lambda: run_batches(_expired(database), BATCH_SIZE))


async def _expired(database: Database) -> AsyncIterator[Batch]:
    for cell in await list_cells(database):
        yield partial(forget_expired, database, cell, datetime.now(UTC))


async def forget_expired(database: Database, cell: int, now: datetime) -> int:
    """Forgets some jobs of a cell that have expired; how many."""
    found = await list_expired(database, cell, now, now - STALE, BATCH_SIZE)
    for row in found:
        await forget_job(database, Tenant(cell, row["tenant_id"]), row["id"])
    return len(found)
