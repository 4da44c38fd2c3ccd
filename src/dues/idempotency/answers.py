"""A request that is sent twice is carried out once: what is given again, what is stored, and what is refused."""

from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from dues.domain.refusals import Refusal
from dues.idempotency.store import StoredAnswer
from dues.work.work import Request

STORED_REFUSALS: Final = frozenset({404, 409, 422})
"""Refusals that the work itself gave. Every other error leaves the key free for a corrected request."""


class Answer(Struct, frozen=True):
    """What a client is told: an HTTP status and a body, byte for byte; and what it is warned of."""

    status: int
    body: bytes
    object_id: str | None = None
    replayed: bool = False
    warning: str | None = None


def replay(request: Request[Any], stored: StoredAnswer) -> Answer | Refusal:
    """The first answer again, if it was the same request."""
    if stored.fingerprint == request.fingerprint:
        return Answer(stored.status, stored.body, stored.object_id, replayed=True, warning=stored.warning)
    return Refusal(
        "idempotency_key_reused",
        f"This Idempotency-Key was first used for another {stored.method} {stored.path} "
        f"at {stored.created_at:%Y-%m-%dT%H:%M:%SZ}. Send the same body, or use a new key.",
    )


def is_stored(answer: Answer) -> bool:
    """Whether it is given again to whoever repeats the request."""
    return answer.status < 300 or answer.status in STORED_REFUSALS


def to_store(request: Request[Any], answer: Answer, now: datetime, retention: timedelta) -> StoredAnswer:
    """What is kept of a first answer, for so long."""
    return StoredAnswer(
        fingerprint=request.fingerprint,
        method=request.method,
        path=request.path,
        status=answer.status,
        body=answer.body,
        request_id=request.request_id,
        object_id=answer.object_id,
        created_at=now,
        expires_at=now + retention,
        warning=answer.warning,
    )
