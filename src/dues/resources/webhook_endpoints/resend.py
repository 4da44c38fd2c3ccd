"""POST /billing/webhook_endpoints/{webhook_endpoint}/resend: send events again, one, those of a time, or the failed."""

from datetime import datetime, timedelta
from typing import Final, get_args

import msgspec

from dues.commands.command import Modify, Shown
from dues.domain.ids import first_id
from dues.domain.refusals import Refusal
from dues.domain.webhook_endpoints import Resend, WebhookEndpoint
from dues.events.catalogue import EventType
from dues.resources.webhook_endpoints.change import on_webhook_endpoint
from dues.resources.webhook_endpoints.wire import ResentBody
from dues.tenants.keys import Mode
from dues.webhooks.resends import store
from dues.webhooks.resends.store import Job
from dues.work.work import Request, Work

EVENTS_MAX: Final = 10_000
"""Of one call: so that whoever asks knows how many there are, and what is under way has an end."""

CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""So far ahead a client's clock may be."""


async def _resend(
    work: Work, request: Request[Modify[Resend]], endpoint: WebhookEndpoint, _mode: Mode
) -> Shown | Refusal:
    """How many events will be sent again."""
    wanted, now, tenant = request.body.changes, work.now_of(request.tenant), request.tenant
    if wanted.event is not None:
        number = await store.insert_lane_of_event(work, tenant, endpoint.id, now, wanted.event)
        if not number:
            return Refusal("event_not_found", f"There is no event {wanted.event!r}, or it is no longer kept.", "/event")
        return _shown(endpoint, number)
    if wanted.since is not None:
        if refusal := _refuse_future(wanted, now):
            return refusal
        ids = first_id("evt_", wanted.since), first_id("evt_", wanted.until or now + timedelta(seconds=1))
        types = endpoint.event_types or get_args(EventType)
        types = [name for name in types if name != "webhook_endpoint.test"]
        number = await store.count_events_of_time(work, tenant, ids, types, EVENTS_MAX + 1)
        if number > EVENTS_MAX:
            return Refusal("too_many_events", f"More than {EVENTS_MAX} events are of that time. Ask for a shorter one.")
        job = Job(*ids, to_now=wanted.until is None, failed_only=False)
    else:
        number, last = await store.find_failed(work, tenant, endpoint.id, EVENTS_MAX)
        job = Job("", last + "~", to_now=True, failed_only=True)
    if number and (refusal := await _begin(work, request, endpoint, job)):
        return refusal
    return _shown(endpoint, number)


def _refuse_future(wanted: Resend, now: datetime) -> Refusal | None:
    for pointer, time in (("/since", wanted.since), ("/until", wanted.until)):
        if time is not None and time > now + CLOCKS_DIFFER:
            return Refusal("validation_failed", "must not be in the future.", pointer, "in_the_future")
    return None


async def _begin(work: Work, request: Request[Modify[Resend]], endpoint: WebhookEndpoint, job: Job) -> Refusal | None:
    """Makes it the endpoint's job. One that is under way and covers it is as good; another has to end first."""
    under_way = await store.find_resend(work, request.tenant, endpoint.id)
    if under_way is None:
        await store.insert_resend(work, request.tenant, endpoint.id, job)
    elif not under_way.covers(job):
        return Refusal("resend_under_way", "Other events are being sent again there. Ask again when that is done.")
    return None


def _shown(endpoint: WebhookEndpoint, number: int) -> Shown:
    return Shown(endpoint.id, msgspec.json.encode(ResentBody(events=number)))


RESEND = on_webhook_endpoint("resend", _resend, enabled=True)
