"""POST /billing/webhook_endpoints/{webhook_endpoint}/rotate_secret: a new secret, beside which the old one signs on."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from dues.domain.refusals import Refusal
from dues.resources.changes import Change, Shown, claims_object
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.create import shown_with_secret
from dues.resources.webhook_endpoints.read import not_found
from dues.webhooks.signing import new_secret
from dues.work.work import Claim, Command, Request, Work

OVERLAP: Final = timedelta(hours=24)
"""How long receivers have to learn the new secret."""


async def rotate_secrets(work: Work, requests: Sequence[Request[Change[None]]]) -> list[Shown | Refusal]:
    """One answer per request: the endpoint with its new secret."""
    asked = [(request.tenant_id, request.body.name) for request in requests]
    found = await store.lock_webhook_endpoints(work, asked)

    answers: list[Shown | Refusal] = []
    for request, one in zip(requests, found, strict=True):
        if one is None:
            answers.append(not_found(request.body.name))
            continue
        secret, until = new_secret(), work.now_of(request.tenant_id) + OVERLAP
        store.save_secret(work, request.tenant_id, one[0].id, secret, until)
        answers.append(shown_with_secret(one[0], secret, old_secret_until=until))
    return answers


def _claims(request: Request[Change[None]]) -> Iterable[Claim]:
    return claims_object("webhook_endpoint", request)


ROTATE_SECRETS = Command("webhook_endpoints.rotate_secret", rotate_secrets, _claims)
