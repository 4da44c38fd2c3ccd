"""GET /billing/webhook_endpoints/{webhook_endpoint}: one endpoint, without its secret."""

from collections.abc import Iterable

from dues.commands.command import Command, Look, Outcome, Shown
from dues.commands.known import TenantLookup
from dues.domain.entries import Cause
from dues.domain.refusals import Refusal, not_found
from dues.domain.webhook_endpoints import WebhookEndpoint
from dues.resources.webhook_endpoints.store import EndpointNamed
from dues.webhooks.wire import webhook_endpoint_json
from dues.work.questions import Question
from dues.work.work import Request


def _questions(request: Request[Look]) -> Iterable[Question]:
    yield EndpointNamed(request.body.name)


def _show(request: Request[Look], lookup: TenantLookup, _cause: Cause) -> Outcome | Refusal:
    endpoint: WebhookEndpoint | None = lookup.answer(EndpointNamed(request.body.name))
    if endpoint is None:
        return not_found("webhook_endpoint", request.body.name)
    return Outcome(Shown(endpoint.id, webhook_endpoint_json(endpoint)))


READ_WEBHOOK_ENDPOINTS = Command("webhook_endpoints.read", _questions, _show)
