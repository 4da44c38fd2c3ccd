"""What the API offers of events."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from msgspec import Meta

from dues.domain.fields import filtered_by_id, says
from dues.domain.violations import Violation
from dues.events.catalogue import EventType
from dues.lists.paging import page_shape
from dues.lists.query import ListQuery
from dues.resources.bills.operations import EXAMPLE as BILL
from dues.resources.doing import Answers, Shows
from dues.resources.events.list import list_events
from dues.resources.events.read import READ_EVENTS
from dues.resources.events.wire import EventBody
from dues.resources.listed import example_page
from dues.resources.operation import Operation

WAIT_SECONDS_MAX: Final = 30


class EventQuery(ListQuery, frozen=True, kw_only=True):
    """What events can be listed by, and how they are followed."""

    order: (
        Annotated[
            Literal["newest_first", "oldest_first"],
            says("`oldest_first` to follow the feed; `newest_first` where it is not said."),
        ]
        | None
    ) = None
    type: (
        Annotated[list[EventType], says(f"Only these types, with commas: {', '.join(get_args(EventType))}.")] | None
    ) = None
    object: Annotated[str, filtered_by_id("Only those of the object with this id.")] | None = None
    after: (
        Annotated[str, filtered_by_id("Oldest first, in the place of a cursor: those after the event with this id.")]
        | None
    ) = None
    wait: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=WAIT_SECONDS_MAX,
                description="Oldest first: how many seconds to wait for an event where there is none yet.",
                extra={"unit": "seconds"},
            ),
        ]
        | None
    ) = None

    no_filters: ClassVar[frozenset[str]] = ListQuery.no_filters | {"after", "wait"}

    def cross_check(self) -> Iterator[Violation]:
        """Yields what only goes with following, and two places to begin at."""
        if self.order != "oldest_first":
            for name in ("wait", "after"):
                if getattr(self, name) is not None:
                    yield Violation(f"/{name}", "needs_order", "goes with order=oldest_first only.")
        if self.cursor is not None and self.after is not None:
            yield Violation("/after", "only_one", "goes without a cursor: it takes the place of the first.")


_EXAMPLE: Final[dict[str, Any]] = {
    "id": "evt_0Ue8xQb7uV4nP2yMrXf6k",
    "type": "bill.created",
    "data": BILL,
    "object_id": BILL["id"],
    "sequence": 1,
    "created_at": "2026-01-05T08:30:00Z",
}

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/billing/events",
        does=Answers(list_events),
        id="list_events",
        tag="Events",
        summary="List or follow events",
        description="Everything that happened, newest first. With `order=oldest_first` it can be followed: every page "
        "has a `next_cursor`, from which nothing is ever missed or seen twice, however many changes are being "
        "committed; `wait` answers when there is something new.",
        query=EventQuery,
        answer=page_shape(
            EventBody, "A page of events. Oldest first, there always is a `next_cursor`: it is where to go on, later."
        ),
        example=example_page(_EXAMPLE),
        problems=("event_not_found",),
    ),
    Operation(
        method="GET",
        path="/billing/events/{event}",
        does=Shows(READ_EVENTS),
        id="retrieve_event",
        tag="Events",
        summary="Retrieve an event",
        description="By its id, as long as events are kept.",
        answer=EventBody,
        example=_EXAMPLE,
        problems=("event_not_found",),
        named="The event's id (`evt_…`).",
    ),
)
