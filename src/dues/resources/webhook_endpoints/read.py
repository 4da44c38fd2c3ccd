"""GET /billing/webhook_endpoints/{webhook_endpoint}: one endpoint, without its secret."""

from collections.abc import Iterable, Sequence

from dues.domain.refusals import Refusal
from dues.resources.changes import Look, Shown
from dues.resources.webhook_endpoints import store
from dues.webhooks.wire import webhook_endpoint_json
from dues.work.work import Claim, Command, Request, Work


async def read_webhook_endpoints(work: Work, requests: Sequence[Request[Look]]) -> list[Shown | Refusal]:
    """One answer per request."""
    asked = [(request.tenant_id, request.body.name) for request in requests]
    found = await store.find_webhook_endpoints(work, asked)

    return [
        Shown(one[0].id, webhook_endpoint_json(one[0])) if one else not_found(request.body.name)
        for request, one in zip(requests, found, strict=True)
    ]


def not_found(name: str) -> Refusal:
    """There is no such endpoint."""
    return Refusal("webhook_endpoint_not_found", f"There is no webhook endpoint {name!r}.")


def _claims(_request: Request[Look]) -> Iterable[Claim]:
    return ()


READ_WEBHOOK_ENDPOINTS = Command("webhook_endpoints.read", read_webhook_endpoints, _claims)
