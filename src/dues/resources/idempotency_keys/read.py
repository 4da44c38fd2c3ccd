"""GET /billing/idempotency_keys/{key}: what became of it."""

from collections.abc import Iterable

from dues.commands.command import Command, Look, Outcome, Shown, to_shown_json
from dues.commands.known import TenantLookup
from dues.domain.entries import Cause
from dues.domain.refusals import Refusal
from dues.idempotency.store import StoredAnswer, StoredUnder
from dues.resources.idempotency_keys.wire import IdempotencyKeyBody
from dues.work.questions import Question
from dues.work.work import Request


def _questions(request: Request[Look]) -> Iterable[Question]:
    yield StoredUnder(request.body.name)


def _show(request: Request[Look], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    stored: StoredAnswer | None = lookup.answer(StoredUnder(request.body.name))
    if stored is None or stored.expires_at <= cause.now:
        return Refusal("idempotency_key_not_found", "No answer is stored for this idempotency key.")
    body = IdempotencyKeyBody(
        key=request.body.name,
        state="completed",
        status=stored.status,
        method=stored.method,
        path=stored.path,
        request_id=stored.request_id,
        created_at=stored.created_at,
        expires_at=stored.expires_at,
        object_id=stored.object_id,
    )
    return Outcome(Shown(request.body.name, to_shown_json(body)))


READ_IDEMPOTENCY_KEYS = Command("idempotency_keys.read", _questions, _show)
