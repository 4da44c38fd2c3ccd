"""GET /billing/events: the feed as a list, newest first, or to be followed, oldest first."""

from collections.abc import Sequence
from typing import Final, get_args

from msgspec import structs

from dues.domain.refusals import Refusal
from dues.domain.violations import Invalid, Violation
from dues.events.catalogue import EventType
from dues.events.feed import CursorTooOld, FeedQuery, follow, list_newest
from dues.events.store import BEGINNING, END, Event, Place, find_position
from dues.lists.cursors import make_cursor
from dues.lists.paging import PageBody, place_of
from dues.resources.doing import Call
from dues.resources.events.wire import event_body

_LIST: Final = "events"

_EXPIRED: Final = Violation(
    "/cursor",
    "cursor_expired",
    "stands before events that are no longer kept: some were missed. Begin again without it, and compare what you "
    "hold with the objects themselves.",
)


async def list_events(call: Call) -> PageBody | Refusal:
    """A page of the feed; waits for one where it is told to."""
    asked = call.query
    oldest_first = asked.order == "oldest_first"
    place = await _place(call, BEGINNING if oldest_first else END)
    if isinstance(place, Refusal):
        return place
    query = FeedQuery(types=asked.type or get_args(EventType), object_id=asked.object, limit=asked.limit, place=place)
    # Waiting takes nobody's turn: each look is a statement of its own.
    feed = structs.replace(call.feed, database=call.database)
    last: Place | None
    if oldest_first:
        try:
            found, stable_to = await follow(feed, call.tenant, query, asked.wait or 0)
        except CursorTooOld:
            raise Invalid([_EXPIRED]) from None
        last = _end_of_page(found, query) or _end_of_feed(found, query, stable_to)
    else:
        found = await list_newest(feed, call.tenant, query)
        last = _end_of_page(found, query)
    return PageBody(
        data=[event_body(event) for event in found[: query.limit]],
        has_more=len(found) > query.limit,
        next_cursor=make_cursor(call.tenant, _LIST, asked.everything, _to_text(last, query)) if last else None,
    )


def _end_of_page(found: Sequence[Event], query: FeedQuery) -> Place | None:
    """Where a page ends that is followed by another."""
    if len(found) <= query.limit:
        return None
    last = found[query.limit - 1]
    return Place(last.position, last.sequence)


def _end_of_feed(found: Sequence[Event], query: FeedQuery, stable_to: int) -> Place:
    """Where a page ends that is the last as yet: it says how far there is nothing, so that who goes on begins there."""
    return Place(max(query.place.position, stable_to), found[-1].sequence if found else query.place.sequence)


def _to_text(place: Place, query: FeedQuery) -> str:
    """What a cursor says. The number is of use in a list of one object's events only."""
    return f"{place.position}.{place.sequence}" if query.object_id else str(place.position)


async def _place(call: Call, beginning: Place) -> Place | Refusal:
    """Where to begin: at a cursor, after an event, or at the beginning."""
    if (after := call.query.after) is not None:
        position = await find_position(call.database, call.tenant, after)
        if position is None:
            return Refusal("event_not_found", f"There is no event {after!r}, or it is no longer kept.")
        return Place(position, beginning.sequence)
    place = place_of(call.query, call.tenant, _LIST, _CURSOR)
    if place is None:
        return beginning
    at, _, sequence = place.partition(".")
    return Place(int(at), int(sequence) if sequence else beginning.sequence)


_CURSOR: Final = r"[0-9]{1,18}(?:\.[0-9]{1,18})?"
"""A position, and a number. Cursors of earlier versions had no number; the position is enough, if not as fast."""
