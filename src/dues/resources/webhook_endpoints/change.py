"""The shape of commands on a webhook endpoint that exists: it is locked, then something is done with it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from dues.commands.command import Modify, Procedure, Shown
from dues.domain.refusals import Refusal, not_found
from dues.domain.webhook_endpoints import WebhookEndpoint
from dues.resources.webhook_endpoints import store
from dues.tenants.keys import Mode
from dues.tenants.secrets.keys import NO_KEYS, SecretKeys
from dues.work.work import Claim, Request, Work

Do = Callable[[Work, Request[Modify[Any]], WebhookEndpoint, Mode], Awaitable[Shown | Refusal]]


def on_webhook_endpoint(verb: str, do: Do, *, enabled: bool = False, encrypted_by: SecretKeys = NO_KEYS) -> Procedure:
    """Does it with the endpoint that is named. `enabled`: only where events are sent to it."""

    async def run(work: Work, request: Request[Modify[Any]]) -> Shown | Refusal:
        found = await store.lock_webhook_endpoint(work, request.tenant, request.body.name)
        if found is None:
            return not_found("webhook_endpoint", request.body.name)
        if enabled and found[0].disabled_reason:
            return Refusal("webhook_endpoint_disabled", "It is disabled. PATCH its status to enabled first.")
        return await do(work, request, *found)

    def claims(request: Request[Modify[Any]]) -> Iterable[Claim]:
        yield "webhook_endpoint", request.body.name

    return Procedure(f"webhook_endpoints.{verb}", claims, run, encrypted_by)
