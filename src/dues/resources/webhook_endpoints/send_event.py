"""POST /billing/webhook_endpoints/{webhook_endpoint}/test: send it an event, to see that it arrives."""

from typing import Any

import msgspec

from dues.commands.command import Shown
from dues.domain.webhook_endpoints import WebhookEndpoint
from dues.events.store import insert_next_event
from dues.resources.webhook_endpoints.change import on_webhook_endpoint
from dues.tenants.keys import Mode
from dues.webhooks.wire import webhook_endpoint_json
from dues.work.work import Request, Work


async def _send(work: Work, request: Request[Any], endpoint: WebhookEndpoint, _mode: Mode) -> Shown:
    data = webhook_endpoint_json(endpoint)
    event_id = await insert_next_event(
        work, request.tenant, "webhook_endpoint.test", endpoint.id, data, actor=request.actor
    )
    sent = {"id": event_id, "type": "webhook_endpoint.test", "data": msgspec.Raw(data)}
    return Shown(event_id, msgspec.json.encode(sent))


SEND_TEST_EVENTS = on_webhook_endpoint("send_test", _send, enabled=True)
