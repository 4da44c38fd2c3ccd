"""The application: everything that answers and works in one process, put together on one database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from dues.commands.carry_out import Group
from dues.db.database import Database
from dues.db.statistics import keep_statistics
from dues.events.feed import Feed
from dues.events.forgetting.purge import forget_events_for_ever
from dues.events.horizon import Horizon
from dues.events.news import News
from dues.http.context import Context
from dues.http.front_door import FrontDoor
from dues.http.metrics import Metrics
from dues.http.routes import routes
from dues.idempotency.purge import purge_for_ever
from dues.lists.turns import Turns
from dues.resources.kinds import KINDS
from dues.settings import Settings
from dues.tenants.authenticate import KeyRing
from dues.webhooks.forgetting.purge import forget_deliveries_for_ever
from dues.webhooks.process import deliver_for_ever
from dues.work.group_commit import GroupCommit


@asynccontextmanager
async def application(settings: Settings, database_url: str) -> AsyncIterator[tuple[FrontDoor, News]]:
    """The ASGI application on a database whose schema is current, and what wakes those who wait for events in it."""
    database = await Database.connect(database_url, settings.database_connections)
    counts = Metrics()
    news, horizon = News(database), Horizon(database)
    carry_out = Group(KINDS, timedelta(hours=settings.idempotency_hours)).carry_out
    writes = GroupCommit(
        database,
        carry_out,
        observe=counts.observe_group,
        committed=lambda tenants: news.committed(tenant.id for tenant in tenants),
    )
    reads = GroupCommit(database, carry_out, observe=counts.observe_group)
    context = Context(
        database=database,
        keys=KeyRing(database),
        writes=writes,
        reads=reads,
        docs_base=settings.docs_base,
        lists=Turns(database),
        feed=Feed(database, horizon, news),
        webhook_allow_private=settings.webhook_allow_private,
    )
    deliver = partial(deliver_for_ever, allow_private=settings.webhook_allow_private, observe=counts.observe_delivery)
    chores = [
        asyncio.create_task(chore)
        for chore in (
            purge_for_ever(database),
            keep_statistics(database),
            forget_events_for_ever(database, timedelta(days=settings.event_days)),
            forget_deliveries_for_ever(database, timedelta(days=settings.event_days)),
            news.run(),
            *([deliver(database_url, news)] if settings.webhooks else []),
        )
    ]
    try:
        yield FrontDoor(routes(context, counts), counts, settings.docs_base), news
    finally:
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)
        await writes.drain()
        await reads.drain()
        await database.close()
