"""POST /billing/webhook_endpoints/{webhook_endpoint}/resend: send events again, one, those of a time, or the failed."""

from datetime import timedelta
from typing import Final, get_args

import msgspec

from dues.commands.command import Modify, Shown
from dues.domain.ids import first_id
from dues.domain.refusals import Refusal
from dues.domain.webhook_endpoints import Resend, WebhookEndpoint
from dues.events.catalogue import EventType
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.change import on_webhook_endpoint
from dues.resources.webhook_endpoints.wire import ResentBody
from dues.tenants.keys import Mode
from dues.work.work import Request, Work

EVENTS_MAX: Final = 10_000
"""Of one call: what one transaction does in a moment."""


async def _resend(
    work: Work, request: Request[Modify[Resend]], endpoint: WebhookEndpoint, _mode: Mode
) -> Shown | Refusal:
    """How many events will be sent again."""
    wanted, now = request.body.changes, work.now_of(request.tenant)
    to = work, request.tenant, endpoint.id, now
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


RESEND = on_webhook_endpoint("resend", _resend, enabled=True)
