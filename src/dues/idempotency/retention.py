"""Retention of stored answers: expired ones are deleted."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Final

from dues.background import Job, ObservePurge, Purge, Queue
from dues.db.database import Database
from dues.idempotency import store
from dues.tenants.store import list_cells

EVERY_SECONDS: Final = 30.0

BATCH_SIZE: Final = 1_000
"""Some ten milliseconds of one connection; rows in use are skipped, so nobody waits for it."""

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


def answer_retention(database: Database, observe: ObservePurge) -> Job:
    """The job that deletes them."""
    return Job("retention of answers", EVERY_SECONDS, lambda: purge_answers(database, datetime.now(UTC), observe))


async def purge_answers(database: Database, now: datetime, observe: ObservePurge) -> None:
    """Deletes every cell's answers that have expired at `now`."""
    await Purge("idempotency_keys", now, BATCH_SIZE, observe).run(_expired(database, now))


async def _expired(database: Database, now: datetime) -> AsyncIterator[Queue]:
    for cell in await list_cells(database):
        yield partial(store.delete_expired, database, cell, now), _BEGINNING
