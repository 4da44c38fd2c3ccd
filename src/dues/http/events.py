"""The feed of events: as a list, newest first, and to be followed, oldest first."""

import re
from collections.abc import Sequence
from typing import Final, cast, get_args

import msgspec

from dues.domain.tenants import Tenant
from dues.domain.violations import Violation
from dues.events.catalogue import EventType
from dues.events.store import BEGINNING, END, Event, Place, find_position
from dues.http.access import authenticate
from dues.http.endpoints import Endpoint, Floor
from dues.http.exchange import Exchange
from dues.http.lists import next_headers
from dues.http.pages import PageBody
from dues.http.problems import ProblemError, Reply
from dues.http.queries import LIMIT_DEFAULT, invalid, limit_violations, parameters, unknown
from dues.lists.cursors import make_cursor, read_cursor
from dues.resources.events.feed import CursorTooOld, FeedQuery, follow, list_newest
from dues.resources.events.wire import event_body

WAIT_SECONDS_MAX: Final = 30

TYPES: Final = get_args(EventType)

_KNOWN: Final = ["limit", "cursor", "order", "type", "object", "after", "wait"]


def events(floor: Floor) -> Endpoint:
    """An endpoint that answers with a page of the feed, and waits for one where it is told to."""

    async def endpoint(exchange: Exchange) -> Reply:
        tenant = (await authenticate(exchange, floor.keys)).tenant
        given = _checked(exchange.query_string)
        filters = {name: value for name, value in given.items() if name in ("type", "object", "order")}
        oldest_first = given.get("order") == "oldest_first"
        query = FeedQuery(
            types=cast("list[EventType]", given["type"].split(",")) if "type" in given else TYPES,
            object_id=given.get("object"),
            limit=int(given.get("limit", LIMIT_DEFAULT)),
            place=await _place(floor, tenant, given, filters, BEGINNING if oldest_first else END),
        )
        last: Place | None
        if oldest_first:
            try:
                found, stable_to = await follow(floor.feed, tenant, query, int(given.get("wait", 0)))
            except CursorTooOld:
                raise invalid([Violation("/cursor", "cursor_expired", _EXPIRED)]) from None
            last = _end_of_page(found, query) or _end_of_feed(found, query, stable_to)
        else:
            found = await list_newest(floor.feed, tenant, query)
            last = _end_of_page(found, query)
        has_more = len(found) > query.limit
        data = [event_body(event) for event in found[: query.limit]]
        cursor = None if last is None else make_cursor(tenant, "events", filters, _told(last, query))
        body = msgspec.json.encode(PageBody(data=data, has_more=has_more, next_cursor=cursor))
        return Reply(200, body, headers=next_headers(exchange.path, filters, query.limit, cursor) if cursor else ())

    return endpoint


def _end_of_page(found: Sequence[Event], query: FeedQuery) -> Place | None:
    """Where a page ends that is followed by another."""
    if len(found) <= query.limit:
        return None
    last = found[query.limit - 1]
    return Place(last.position, last.sequence)


def _end_of_feed(found: Sequence[Event], query: FeedQuery, stable_to: int) -> Place:
    """Where a page ends that is the last as yet: it says how far there is nothing, so that who goes on begins there."""
    return Place(max(query.place.position, stable_to), found[-1].sequence if found else query.place.sequence)


def _told(place: Place, query: FeedQuery) -> str:
    """What a cursor says. The number is of use in a list of one object's events only."""
    return f"{place.position}.{place.sequence}" if query.object_id else str(place.position)


_EXPIRED: Final = (
    "stands before events that are no longer kept: some were missed. Begin again without it, and compare what you "
    "hold with the objects themselves."
)


def _checked(query_string: bytes) -> dict[str, str]:
    """The query string, if all of it makes sense but for the cursor."""
    given = parameters(query_string)
    broken = [unknown(name, _KNOWN) for name in given if name not in _KNOWN]
    broken += limit_violations(given)
    if given.get("order", "oldest_first") not in ("newest_first", "oldest_first"):
        broken.append(Violation("/order", "unknown_order", "must be newest_first or oldest_first."))
    if strangers := [name for name in given.get("type", TYPES[0]).split(",") if name not in TYPES]:
        detail = f"has {strangers[0]!r}; it must be one or more of these, with commas: {', '.join(TYPES)}."
        broken.append(Violation("/type", "unknown_type", detail))
    if given.get("order") != "oldest_first":
        says = "goes with order=oldest_first only."
        broken += [Violation(f"/{name}", "needs_order", says) for name in ("wait", "after") if name in given]
    if not re.fullmatch(r"[0-9]{1,2}", wait := given.get("wait", "0")) or int(wait) > WAIT_SECONDS_MAX:
        detail = f"must be a whole number of seconds from 0 to {WAIT_SECONDS_MAX}."
        broken.append(Violation("/wait", "out_of_range", detail))
    if "cursor" in given and "after" in given:
        broken.append(Violation("/after", "only_one", "goes without a cursor: it takes the place of the first."))
    if broken:
        raise invalid(broken)
    return given


async def _place(
    floor: Floor, tenant: Tenant, given: dict[str, str], filters: dict[str, str], beginning: Place
) -> Place:
    """Where to begin: at a cursor, after an event, or at the beginning."""
    if "after" in given:
        position = await find_position(floor.database, tenant, given["after"])
        if position is None:
            raise ProblemError("event_not_found", f"There is no event {given['after']!r}, or it is no longer kept.")
        return Place(position, beginning.sequence)
    if "cursor" not in given:
        return beginning
    told = _CURSOR.fullmatch(read_cursor(tenant, "events", filters, given["cursor"]) or "")
    if told is None:
        raise invalid([Violation("/cursor", "invalid_cursor", "is not of this list with these filters.")])
    return Place(int(told[1]), int(told[2]) if told[2] else beginning.sequence)


_CURSOR: Final = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?")
"""A position, and a number. Cursors of earlier versions had no number; the position is enough, if not as fast."""
