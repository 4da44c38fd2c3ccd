"""POST /billing/webhook_endpoints: have events sent to a URL."""

from collections.abc import Iterable, Sequence
from typing import get_args

import msgspec

from dues.domain.ids import new_id
from dues.domain.refusals import Refusal
from dues.domain.webhook_endpoints import ENDPOINTS_MAX, NewWebhookEndpoint, WebhookEndpoint, refuse_types
from dues.events.catalogue import EventType
from dues.resources.changes import Shown
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.wire import SecretWebhookEndpointBody
from dues.webhooks.addresses import refuse_url
from dues.webhooks.signing import new_secret
from dues.webhooks.wire import webhook_endpoint_body
from dues.work.work import Claim, Command, Request, Work


def create_webhook_endpoints(allow_private: bool) -> Command[NewWebhookEndpoint, Shown | Refusal]:
    """The command, for a server that lets webhooks go to private addresses or not."""

    async def run(work: Work, requests: Sequence[Request[NewWebhookEndpoint]]) -> list[Shown | Refusal]:
        tenants = await store.lock_tenants(work, [request.tenant_id for request in requests])
        return [
            _create(work, request, tenants[request.tenant_id]["mode"] == "live", allow_private)
            if tenants[request.tenant_id]["number"] < ENDPOINTS_MAX
            else Refusal("too_many_webhook_endpoints", f"There are {ENDPOINTS_MAX} already. Delete one first.")
            for request in requests
        ]

    return Command("webhook_endpoints.create", run, _claims)


def _create(work: Work, request: Request[NewWebhookEndpoint], live: bool, allow_private: bool) -> Shown | Refusal:
    new = request.body
    if refusal := refuse(new.url, new.event_types, live, allow_private):
        return refusal
    now = work.now_of(request.tenant_id)
    endpoint = WebhookEndpoint(
        id=new_id("whe_", now),
        url=new.url,
        event_types=new.event_types,
        description=new.description,
        disabled_reason=None,
        created_at=now,
    )
    secret = new_secret()
    store.insert_webhook_endpoint(work, request.tenant_id, endpoint, types_json(endpoint), secret)
    return shown_with_secret(endpoint, secret)


def refuse(url: str, event_types: Sequence[str] | None, live: bool, allow_private: bool) -> Refusal | None:
    """What is wrong with where events are to go, or which."""
    if wrong := refuse_url(url, live=live, allow_private=allow_private):
        return Refusal("validation_failed", wrong, "/url", "invalid_url")
    if wrong := refuse_types(event_types, get_args(EventType)):
        return Refusal("validation_failed", wrong, "/event_types", "unknown_type")
    return None


def types_json(endpoint: WebhookEndpoint) -> str | None:
    """The types of event as JSON; None: all."""
    return None if endpoint.event_types is None else msgspec.json.encode(endpoint.event_types).decode()


def shown_with_secret(endpoint: WebhookEndpoint, secret: str, **more: object) -> Shown:
    """The endpoint with its new secret, as it is shown once."""
    body = {**msgspec.structs.asdict(webhook_endpoint_body(endpoint)), "secret": secret, **more}
    return Shown(endpoint.id, msgspec.json.encode(SecretWebhookEndpointBody(**body)))


def _claims(request: Request[NewWebhookEndpoint]) -> Iterable[Claim]:
    yield "webhook_endpoints", request.tenant_id
