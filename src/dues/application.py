"""The application: everything that answers and works in one process, put together on one database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from dues.background import Job, run_jobs
from dues.db.database import Database
from dues.db.statistics import EVERY_SECONDS, analyze_outgrown
from dues.events.notifier import Notifier
from dues.events.retention.purge import event_retention
from dues.events.watermark import Watermark
from dues.http.endpoints import Floor
from dues.http.front_door import FrontDoor
from dues.http.metrics import Metrics
from dues.http.routes import routes
from dues.idempotency.retention import answer_retention
from dues.resources.events.feed import Feed
from dues.settings import Settings
from dues.tenants.authenticate import KeyRing
from dues.webhooks.process import deliver_for_ever
from dues.webhooks.retention.purge import delivery_retention
from dues.work.group_commit import GroupCommit


@asynccontextmanager
async def application(settings: Settings, database_url: str) -> AsyncIterator[tuple[FrontDoor, Notifier]]:
    """The ASGI application on a database whose schema is current, and what wakes those who wait for events in it."""
    database = await Database.connect(database_url, settings.database_connections)
    counts = Metrics()
    notifier, watermark = Notifier(database), Watermark(database)
    writes = GroupCommit(database, observe=counts.observe_group, committed=notifier.notify)
    reads = GroupCommit(database, observe=counts.observe_group)
    floor = Floor(
        database=database,
        keys=KeyRing(database),
        writes=writes,
        reads=reads,
        docs_base=settings.docs_base,
        idempotency_retention=timedelta(hours=settings.idempotency_hours),
        feed=Feed(database, watermark, notifier),
        webhook_allow_private=settings.webhook_allow_private,
    )
    deliver = partial(deliver_for_ever, allow_private=settings.webhook_allow_private, observe=counts.observe_delivery)
    background = [
        asyncio.create_task(work)
        for work in (
            run_jobs(jobs(settings, database)),
            notifier.run(),
            *([deliver(database_url, notifier)] if settings.webhooks else []),
        )
    ]
    try:
        yield FrontDoor(routes(floor, counts), counts, settings.docs_base), notifier
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await writes.drain()
        await reads.drain()
        await database.close()


def jobs(settings: Settings, database: Database) -> list[Job]:
    """What is done again and again beside the requests."""
    kept = timedelta(days=settings.event_days)
    return [
        Job("statistics", EVERY_SECONDS, partial(analyze_outgrown, database)),
        answer_retention(database),
        event_retention(database, kept),
        delivery_retention(database, kept),
    ]
