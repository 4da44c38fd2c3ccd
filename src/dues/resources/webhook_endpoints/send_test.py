"""POST /billing/webhook_endpoints/{webhook_endpoint}/test: send it an event, to see that it arrives."""

from collections.abc import Iterable, Sequence

import msgspec

from dues.domain.refusals import Refusal
from dues.events.store import insert_event
from dues.resources.changes import Change, Shown, claims_object
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.read import not_found
from dues.webhooks.wire import webhook_endpoint_json
from dues.work.work import Claim, Command, Request, Work


async def send_test_events(work: Work, requests: Sequence[Request[Change[None]]]) -> list[Shown | Refusal]:
    """One answer per request: the event that will be sent."""
    asked = [(request.tenant_id, request.body.name) for request in requests]
    found = await store.lock_webhook_endpoints(work, asked)

    answers: list[Shown | Refusal] = []
    for request, one in zip(requests, found, strict=True):
        if one is None:
            answers.append(not_found(request.body.name))
        elif one[0].disabled_reason:
            answers.append(Refusal("webhook_endpoint_disabled", "It is disabled. PATCH its status to enabled first."))
        else:
            data = webhook_endpoint_json(one[0])
            event_id = insert_event(work, request.tenant_id, "webhook_endpoint.test", one[0].id, data)
            sent = {"id": event_id, "type": "webhook_endpoint.test", "data": msgspec.Raw(data)}
            answers.append(Shown(event_id, msgspec.json.encode(sent)))
    return answers


def _claims(request: Request[Change[None]]) -> Iterable[Claim]:
    return claims_object("webhook_endpoint", request)


SEND_TEST_EVENTS = Command("webhook_endpoints.send_test", send_test_events, _claims)
