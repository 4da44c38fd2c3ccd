"""GET /billing/idempotency_keys/{key}: what became of it."""

from collections.abc import Iterable, Sequence

import msgspec

from dues.domain.refusals import Refusal
from dues.idempotency.store import find_answers
from dues.resources.changes import Look, Shown
from dues.resources.idempotency_keys.wire import IdempotencyKeyBody
from dues.work.work import Claim, Command, Request, Work


async def read_idempotency_keys(work: Work, requests: Sequence[Request[Look]]) -> list[Shown | Refusal]:
    """One answer per request, whose name is the key."""
    found = await find_answers(work, [(request.tenant_id, request.body.name) for request in requests])

    answers: list[Shown | Refusal] = []
    for request in requests:
        row = found.get((request.tenant_id, request.body.name))
        if row is None or row["expired"]:
            answers.append(Refusal("idempotency_key_not_found", "No answer is stored for this idempotency key."))
            continue
        shown = IdempotencyKeyBody(
            key=request.body.name,
            state="completed",
            status=row["status"],
            method=row["method"],
            path=row["path"],
            request_id=row["request_id"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            object_id=row["object_id"],
        )
        answers.append(Shown(request.body.name, msgspec.json.encode(shown)))
    return answers


def _claims(_request: Request[Look]) -> Iterable[Claim]:
    return ()


READ_IDEMPOTENCY_KEYS = Command("idempotency_keys.read", read_idempotency_keys, _claims)
