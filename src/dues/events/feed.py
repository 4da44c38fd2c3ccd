"""The feed of events: newest first; or oldest first, for who follows it and must miss nothing."""

import asyncio
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.events import store
from dues.events.catalogue import EventType
from dues.events.notifier import Notifier, heard
from dues.events.retention.store import find_purged_to
from dues.events.store import Event, Place
from dues.events.watermark import Watermark

LOOK_SECONDS: Final = 1.0
"""Who waits looks this often by itself, in case that no other process tells it."""


class FeedQuery(Struct, frozen=True):
    """What is asked for: events of these types, of this object or of all, beyond a place."""

    types: Sequence[EventType]
    object_id: str | None
    limit: int
    place: Place


class Feed(Struct, frozen=True):
    """What reading the feed needs."""

    database: Database
    watermark: Watermark
    notifier: Notifier


class CursorTooOld(Exception):
    """Events between the cursor and the oldest that is kept are deleted: who read on would miss them."""


async def list_newest(feed: Feed, tenant: Tenant, query: FeedQuery) -> list[Event]:
    """At most `limit` + 1 events before the place, what was just committed among them."""
    return await store.list_events_before(
        feed.database, tenant, query.types, query.place, query.limit + 1, query.object_id
    )


async def follow(feed: Feed, tenant: Tenant, query: FeedQuery, wait_seconds: float) -> tuple[list[Event], int]:
    """At most `limit` + 1 events after the place, oldest first, and the watermark.

    Waits for the first to come where there is none. Raises CursorTooOld.
    """
    deadline = asyncio.get_running_loop().time() + wait_seconds
    while True:
        signal = feed.notifier.signal(tenant.id)
        to = await feed.watermark.stable_position(tenant.cell)
        found = await store.list_events_after(
            feed.database, tenant, query.types, query.place, to, query.limit + 1, query.object_id
        )
        # After they were read: what is deleted in between is missed too.
        if 0 < query.place.position < await find_purged_to(feed.database, tenant):
            raise CursorTooOld
        left = deadline - asyncio.get_running_loop().time()
        if found or left <= 0 or feed.notifier.closing:
            return found, to
        await heard(signal, min(left, LOOK_SECONDS))
