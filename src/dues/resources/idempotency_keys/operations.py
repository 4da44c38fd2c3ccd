"""What the API tells of idempotency keys."""

from typing import Final

from dues.resources.doing import Shows
from dues.resources.idempotency_keys.read import READ_IDEMPOTENCY_KEYS
from dues.resources.idempotency_keys.wire import IdempotencyKeyBody
from dues.resources.operation import Operation

_KEY: Final = "create_account-existing-customer"
"""Under which the examples of accounts open the first."""

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/billing/idempotency_keys/{idempotency_key}",
        does=Shows(READ_IDEMPOTENCY_KEYS),
        id="retrieve_idempotency_key",
        tag="Idempotency keys",
        summary="What became of an idempotency key",
        description="For a program that lost an answer: whether the request under this key was carried out, how it "
        "was answered, and what it created.",
        answer=IdempotencyKeyBody,
        example={
            "key": _KEY,
            "state": "completed",
            "status": 201,
            "method": "POST",
            "path": "/billing/accounts",
            "request_id": "req_0Ue8xPq2dK7mN4vRtYw3z",
            "created_at": "2026-01-05T08:30:00Z",
            "expires_at": "2026-01-06T08:30:00Z",
            "object_id": "bacc_0Ue8xPq2dK7mN4vRtYw3z",
        },
        problems=("idempotency_key_not_found",),
        names=_KEY,
        named="The `Idempotency-Key` of the first request, percent-encoded.",
    ),
)
