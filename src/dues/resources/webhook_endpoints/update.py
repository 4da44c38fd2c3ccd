"""PATCH /billing/webhook_endpoints/{webhook_endpoint}: send elsewhere, send something else, stop, go on."""

from functools import partial

from dues.commands.command import Modify, Procedure, Shown
from dues.domain.etags import refuse_stale
from dues.domain.refusals import Refusal
from dues.domain.webhook_endpoints import WebhookEndpoint, WebhookEndpointChanges, update_webhook_endpoint
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.change import on_webhook_endpoint
from dues.resources.webhook_endpoints.create import refuse
from dues.tenants.keys import Mode
from dues.webhooks.outgoing import Outgoing
from dues.webhooks.wire import webhook_endpoint_json
from dues.work.work import Request, Work


def update_webhook_endpoints(outgoing: Outgoing) -> Procedure:
    """The command, for a server that lets webhooks go there."""

    async def update(
        work: Work, request: Request[Modify[WebhookEndpointChanges]], old: WebhookEndpoint, mode: Mode
    ) -> Shown | Refusal:
        if stale := refuse_stale(request.body.if_match, partial(webhook_endpoint_json, old)):
            return stale
        new = update_webhook_endpoint(old, request.body.changes)
        if refusal := refuse(new.url, new.event_types, mode, outgoing.destinations):
            return refusal
        if new != old:
            await store.save_webhook_endpoint(work, request.tenant, new)
        return Shown(new.id, webhook_endpoint_json(new))

    return on_webhook_endpoint("update", update)
