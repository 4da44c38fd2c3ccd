"""POST /billing/webhook_endpoints: have events sent to a URL."""

from collections.abc import Iterable, Sequence
from typing import get_args

import msgspec

from dues.commands.command import Procedure, Shown
from dues.domain.ids import new_id
from dues.domain.refusals import Refusal
from dues.domain.webhook_endpoints import ENDPOINTS_MAX, NewWebhookEndpoint, WebhookEndpoint, fold_types, refuse_types
from dues.events.catalogue import EventType
from dues.events.watermark import next_stable_position
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.wire import SecretWebhookEndpointBody
from dues.tenants.keys import Mode
from dues.webhooks.addresses import refuse_url
from dues.webhooks.destinations import Destinations
from dues.webhooks.outgoing import Outgoing
from dues.webhooks.signing import new_secret
from dues.webhooks.wire import webhook_endpoint_body
from dues.work.work import Claim, Request, Work


def create_webhook_endpoints(outgoing: Outgoing) -> Procedure:
    """The command, for a server that lets webhooks go there."""

    async def create(work: Work, request: Request[NewWebhookEndpoint]) -> Shown | Refusal:
        # Before anything is locked: it may take a moment. What is committed from here on is sent.
        position = await next_stable_position(work.tx.find)
        mode, number = await store.lock_tenant(work, request.tenant)
        if number >= ENDPOINTS_MAX:
            detail = f"There are {ENDPOINTS_MAX} already. Delete one first."
            return Refusal("too_many_webhook_endpoints", detail)
        new, now = request.body, work.now_of(request.tenant)
        if refusal := refuse(new.url, new.event_types, mode, outgoing.destinations):
            return refusal
        endpoint = WebhookEndpoint(
            id=new_id("whe_", now),
            url=new.url,
            event_types=fold_types(new.event_types),
            description=new.description,
            disabled_reason=None,
            created_at=now,
        )
        secret = new_secret()
        stored = outgoing.secret_keys.encrypt(endpoint.id, secret)
        await store.insert_webhook_endpoint(work, request.tenant, endpoint, stored, position)
        return shown_with_secret(endpoint, secret)

    return Procedure("webhook_endpoints.create", _claims, create, outgoing.secret_keys)


def refuse(url: str, event_types: Sequence[str] | None, mode: Mode, destinations: Destinations) -> Refusal | None:
    """What is wrong with where events are to go, or which."""
    if wrong := refuse_url(url, destinations, live=mode == "live"):
        return Refusal("validation_failed", wrong, "/url", "invalid_url")
    if wrong := refuse_types(event_types, get_args(EventType)):
        return Refusal("validation_failed", wrong, "/event_types", "unknown_type")
    return None


def shown_with_secret(endpoint: WebhookEndpoint, secret: str, **more: object) -> Shown:
    """The endpoint with its new secret, as it is shown once."""
    body = {**msgspec.structs.asdict(webhook_endpoint_body(endpoint)), "secret": secret, **more}
    return Shown(endpoint.id, msgspec.json.encode(SecretWebhookEndpointBody(**body)))


def _claims(_request: Request[NewWebhookEndpoint]) -> Iterable[Claim]:
    yield "webhook_endpoints"
