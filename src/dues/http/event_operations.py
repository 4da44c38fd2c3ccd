"""The operations on events, as people are told of them."""

from typing import Final, get_args

from dues.events.catalogue import EventType
from dues.http.event_examples import (
    EVENT,
)
from dues.http.examples import page_of
from dues.http.operation import PAGE, TEXT, Operation, query
from dues.http.pages import EventListBody
from dues.resources.events.wire import EventBody

EVENT_OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("GET", "/billing/events"): Operation(
        id="list_events",
        tag="Events",
        summary="List or follow events",
        description="Everything that happened, newest first. With `order=oldest_first` it can be followed: every page "
        "has a `next_cursor`, from which nothing is ever missed or seen twice, however many changes are being "
        "committed; `wait` answers when there is something new.",
        status=200,
        answer=EventListBody,
        example=page_of(EVENT),
        problems=("event_not_found",),
        query=[
            *PAGE,
            query(
                "order",
                "`oldest_first` to follow the feed; `newest_first` where it is not said.",
                {"type": "string", "enum": ["newest_first", "oldest_first"]},
            ),
            query("type", f"Only these types, with commas: {', '.join(get_args(EventType))}.", TEXT),
            query("object", "Only those of the object with this id.", TEXT),
            query("after", "Oldest first, in the place of a cursor: those after the event with this id.", TEXT),
            query(
                "wait",
                "Oldest first: how many seconds to wait for an event where there is none yet.",
                {"type": "integer", "minimum": 0, "maximum": 30},
            ),
        ],
    ),
    ("GET", "/billing/events/{event}"): Operation(
        id="retrieve_event",
        tag="Events",
        summary="Retrieve an event",
        description="By its id, as long as events are kept.",
        status=200,
        answer=EventBody,
        example=EVENT,
        problems=("event_not_found",),
        parameter=("event", "The event's id (`evt_…`)."),
        conditional=True,
    ),
}
