"""POST /billing/webhook_endpoints/{webhook_endpoint}/resend: send events again, one, those of a time, or the failed."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, get_args

import msgspec

from dues.domain.ids import first_id
from dues.domain.refusals import Refusal
from dues.domain.webhook_endpoints import Resend, WebhookEndpoint
from dues.events.catalogue import EventType
from dues.resources.changes import Change, Shown, claims_object
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.read import not_found
from dues.resources.webhook_endpoints.wire import ResentBody
from dues.work.work import Claim, Command, Request, Work

EVENTS_MAX: Final = 10_000
"""Of one call: what one transaction does in a moment."""


async def resend(work: Work, requests: Sequence[Request[Change[Resend]]]) -> list[Shown | Refusal]:
    """One answer per request: how many events will be sent again."""
    asked = [(request.tenant_id, request.body.name) for request in requests]
    found = await store.lock_webhook_endpoints(work, asked)

    return [
        await _resend(work, request, one[0]) if one else not_found(request.body.name)
        for request, one in zip(requests, found, strict=True)
    ]


async def _resend(work: Work, request: Request[Change[Resend]], endpoint: WebhookEndpoint) -> Shown | Refusal:
    wanted, now = request.body.changes, work.now_of(request.tenant_id)
    to = work, request.tenant_id, endpoint.id, now
    if endpoint.disabled_reason:
        return Refusal("webhook_endpoint_disabled", "It is disabled. PATCH its status to enabled first.")
    if wanted.event is not None:
        number = await store.insert_lane_of_event(*to, wanted.event)
        if not number:
            return Refusal("event_not_found", f"There is no event {wanted.event!r}, or it is no longer kept.", "/event")
    elif wanted.since is not None:
        until = wanted.until or now + timedelta(seconds=1)
        ids = first_id("evt_", wanted.since), first_id("evt_", until)
        types = endpoint.event_types or [name for name in get_args(EventType) if name != "webhook_endpoint.test"]
        number = await store.insert_lanes_of_time(*to, ids, types, EVENTS_MAX + 1)
        if number > EVENTS_MAX:
            return Refusal("too_many_events", f"More than {EVENTS_MAX} events are of that time. Ask for a shorter one.")
    else:
        number = await store.insert_lanes_of_failed(*to, EVENTS_MAX)
    return Shown(endpoint.id, msgspec.json.encode(ResentBody(events=number)))


def _claims(request: Request[Change[Resend]]) -> Iterable[Claim]:
    return claims_object("webhook_endpoint", request)


RESEND = Command("webhook_endpoints.resend", resend, _claims)
