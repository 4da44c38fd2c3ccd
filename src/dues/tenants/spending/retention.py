"""Retention of what keys have moved: days that are over for everybody are deleted."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from dues.background import Batch, Job, run_batches
from dues.db.database import Database
from dues.tenants.spending.store import delete_old_spendings
from dues.tenants.store import list_cells

EVERY_SECONDS: Final = 600.0

BATCH_SIZE: Final = 1_000

KEPT: Final = timedelta(days=2)
"""Yesterday is over for every process once its clock says so, and none is a day behind."""


def spending_retention(database: Database) -> Job:
    """The job that deletes them."""
    return Job("retention of spendings", EVERY_SECONDS, lambda: run_batches(_old(database), BATCH_SIZE))


async def _old(database: Database) -> AsyncIterator[Batch]:
    # By the server's day. A test clock that is ahead has later days, which are kept for longer than need be.
    before = (datetime.now(UTC) - KEPT).date()
    for cell in await list_cells(database):
        yield partial(delete_old_spendings, database, cell, before, BATCH_SIZE)
