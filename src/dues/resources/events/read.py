"""GET /billing/events/{event}: one event, by its id."""

from collections.abc import Iterable, Sequence

from dues.domain.refusals import Refusal
from dues.events.store import find_events
from dues.resources.changes import Look, Shown, to_shown_json
from dues.resources.events.wire import event_body
from dues.work.work import Claim, Command, Request, Work


async def read_events(work: Work, requests: Sequence[Request[Look]]) -> list[Shown | Refusal]:
    """One answer per request."""
    found = await find_events(work, [(request.tenant_id, request.body.name) for request in requests])

    return [
        Shown(event.id, to_shown_json(event_body(event)))
        if event
        else Refusal("event_not_found", f"There is no event {request.body.name!r}, or it is no longer kept.")
        for request, event in zip(requests, found, strict=True)
    ]


def _claims(_request: Request[Look]) -> Iterable[Claim]:
    return ()


READ_EVENTS = Command("events.read", read_events, _claims)
