"""PATCH /billing/webhook_endpoints/{webhook_endpoint}: send elsewhere, send something else, stop, go on."""

from collections.abc import Iterable, Sequence
from functools import partial

from dues.domain.etags import refuse_stale
from dues.domain.refusals import Refusal
from dues.domain.webhook_endpoints import WebhookEndpoint, WebhookEndpointChanges, update_webhook_endpoint
from dues.resources.changes import Change, Shown, claims_object
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.create import refuse, types_json
from dues.resources.webhook_endpoints.read import not_found
from dues.webhooks.wire import webhook_endpoint_json
from dues.work.work import Claim, Command, Request, Work

Changed = Change[WebhookEndpointChanges]


def update_webhook_endpoints(allow_private: bool) -> Command[Changed, Shown | Refusal]:
    """The command, for a server that lets webhooks go to private addresses or not."""

    async def run(work: Work, requests: Sequence[Request[Changed]]) -> list[Shown | Refusal]:
        asked = [(request.tenant_id, request.body.name) for request in requests]
        found = await store.lock_webhook_endpoints(work, asked)
        return [
            _update(work, request, *one, allow_private=allow_private) if one else not_found(request.body.name)
            for request, one in zip(requests, found, strict=True)
        ]

    return Command("webhook_endpoints.update", run, _claims)


def _update(
    work: Work, request: Request[Changed], old: WebhookEndpoint, mode: str, *, allow_private: bool
) -> Shown | Refusal:
    if stale := refuse_stale(request.body.if_match, partial(webhook_endpoint_json, old)):
        return stale
    new = update_webhook_endpoint(old, request.body.changes)
    if refusal := refuse(new.url, new.event_types, mode == "live", allow_private):
        return refusal
    if new != old:
        store.save_webhook_endpoint(work, request.tenant_id, new, types_json(new))
    return Shown(new.id, webhook_endpoint_json(new))


def _claims(request: Request[Changed]) -> Iterable[Claim]:
    return claims_object("webhook_endpoint", request)
