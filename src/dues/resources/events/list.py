"""GET /billing/events: the feed as a list, newest first, or to be followed, oldest first."""

from typing import Final, get_args

from msgspec import structs

from dues.domain.refusals import Refusal
from dues.domain.violations import Invalid, Violation
from dues.events.catalogue import EventType
from dues.events.feed import CursorTooOld, FeedQuery, follow, list_newest
from dues.events.store import POSITION_MAX, find_position
from dues.lists.cursors import make_cursor
from dues.lists.paging import PageBody, place_of
from dues.resources.events.wire import event_body
from dues.resources.operation import Call

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
    position = await _position(call, 0 if oldest_first else POSITION_MAX)
    if isinstance(position, Refusal):
        return position
    query = FeedQuery(
        types=asked.type or get_args(EventType), object_id=asked.object, limit=asked.limit, position=position
    )
    beyond: int | None
    # Waiting takes nobody's turn: each look is a statement of its own.
    feed = structs.replace(call.feed, database=call.database)
    if oldest_first:
        try:
            found, complete_to = await follow(feed, call.tenant, query, asked.wait or 0)
        except CursorTooOld:
            raise Invalid([_EXPIRED]) from None
        # A page that is not full says how far there is nothing, so that who goes on begins there.
        beyond = max(position, complete_to)
    else:
        found, beyond = await list_newest(feed, call.tenant, query), None
    last = beyond if len(found) <= query.limit else found[query.limit - 1].position
    return PageBody(
        data=[event_body(event) for event in found[: query.limit]],
        has_more=len(found) > query.limit,
        next_cursor=None if last is None else make_cursor(call.tenant, _LIST, asked.everything, str(last)),
    )


async def _position(call: Call, beginning: int) -> int | Refusal:
    """Where to begin: at a cursor, after an event, or at the beginning."""
    if (after := call.query.after) is not None:
        position = await find_position(call.database, call.tenant, after)
        if position is None:
            return Refusal("event_not_found", f"There is no event {after!r}, or it is no longer kept.")
        return position
    place = place_of(call.query, call.tenant, _LIST, "[0-9]{1,18}")
    return beginning if place is None else int(place)
