"""POST /billing/webhook_endpoints/{webhook_endpoint}/rotate_secret: a new secret, beside which the old one signs on."""

from datetime import timedelta
from typing import Any, Final

from dues.commands.command import Procedure, Shown
from dues.domain.webhook_endpoints import WebhookEndpoint
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.change import on_webhook_endpoint
from dues.resources.webhook_endpoints.create import shown_with_secret
from dues.tenants.keys import Mode
from dues.webhooks.outgoing import Outgoing
from dues.webhooks.signing import new_secret
from dues.work.work import Request, Work

OVERLAP: Final = timedelta(hours=24)
"""How long receivers have to learn the new secret."""


def rotate_secrets(outgoing: Outgoing) -> Procedure:
    """The command, for a server that encrypts secrets so."""

    async def rotate(work: Work, request: Request[Any], endpoint: WebhookEndpoint, _mode: Mode) -> Shown:
        secret, until = new_secret(), work.now_of(request.tenant) + OVERLAP
        stored = outgoing.secret_keys.encrypt(endpoint.id, secret)
        await store.save_secret(work, request.tenant, endpoint.id, stored, until)
        return shown_with_secret(endpoint, secret, old_secret_until=until)

    return on_webhook_endpoint("rotate_secret", rotate, encrypted_by=outgoing.secret_keys)
