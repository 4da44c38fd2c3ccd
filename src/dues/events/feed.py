"""The feed of events: newest first; or oldest first, for who follows it and must miss nothing."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from msgspec import Struct

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.events import store
from dues.events.catalogue import EventType
from dues.events.forgetting.store import find_forgotten
from dues.events.horizon import Horizon
from dues.events.news import News
from dues.events.store import Event

LOOK_SECONDS: Final = 1.0
"""Who waits looks this often by itself, in case that news of other processes does not arrive."""


class FeedQuery(Struct, frozen=True):
    """What is asked for: events of these types, of this object or of all, beyond a position."""

    types: Sequence[EventType]
    object_id: str | None
    limit: int
    position: int


class Feed(Struct, frozen=True):
    """What reading the feed needs."""

    database: Database
    horizon: Horizon
    news: News


class CursorTooOld(Exception):
    """Events between the cursor and the oldest that is kept are forgotten: who read on would miss them."""


async def list_newest(feed: Feed, tenant: Tenant, query: FeedQuery) -> list[Event]:
    """At most `limit` + 1 events below the position, what was just committed among them."""
    return await store.list_events_before(
        feed.database, tenant, query.types, query.position, query.limit + 1, query.object_id
    )


async def follow(feed: Feed, tenant: Tenant, query: FeedQuery, wait_seconds: float) -> tuple[list[Event], int]:
    """At most `limit` + 1 events above the position, oldest first, and how far they are complete.

    Waits for the first to come where there is none. Raises CursorTooOld.
    """
    deadline = asyncio.get_running_loop().time() + wait_seconds
    while True:
        bell = feed.news.bell(tenant.id)
        to = await feed.horizon.complete_to()
        found = await store.list_events_after(
            feed.database, tenant, query.types, query.position, to, query.limit + 1, query.object_id
        )
        # After they were read: what is forgotten in between is missed too.
        if 0 < query.position < await find_forgotten(feed.database, tenant.id):
            raise CursorTooOld
        left = deadline - asyncio.get_running_loop().time()
        if found or left <= 0 or feed.news.closing:
            return found, to
        with suppress(TimeoutError):
            async with asyncio.timeout(min(left, LOOK_SECONDS)):
                await bell.wait()
