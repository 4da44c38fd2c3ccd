"""Who calls: the bearer key, and the tenant it belongs to."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Header, Request
from sqlalchemy import bindparam, select

from bench.conventional.database import Session
from bench.conventional.models import ApiKey
from bench.conventional.problems import Problem
from dues.domain.entries import Cause

# Statements of the hot path are built once: building one costs SQLAlchemy as much as half of running it.
FIND_KEY = select(ApiKey).where(ApiKey.sha256 == bindparam("sha256"))


@dataclass(frozen=True)
class Calling:
    """The calling tenant, and the id of its key."""

    tenant_id: int
    key_id: str


async def caller_of(session: Session, authorization: Annotated[str | None, Header()] = None) -> Calling:
    """Who calls. Refuses unknown, revoked, expired and public keys."""
    scheme, _, secret = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise Problem("unauthorized", "unauthorized", "Send a secret key as Authorization: Bearer sk_….")
    key = await session.scalar(FIND_KEY, {"sha256": sha256(secret.encode()).digest()})
    if key is None:
        raise Problem("unauthorized", "unauthorized", "This key is not known.")
    if key.revoked_at is not None:
        raise Problem("forbidden", "key_revoked", "This key has been revoked.")
    if key.expires_at is not None and key.expires_at <= datetime.now(UTC):
        raise Problem("forbidden", "key_expired", "This key has expired.")
    if key.kind != "secret":
        raise Problem("forbidden", "secret_key_required", "This needs a secret key.")
    return Calling(key.tenant_id, key.id)


def cause_of(caller: Calling, request: Request, idempotency_key: str) -> Cause:
    """What a request changes is changed by its caller, now."""
    return Cause(caller.tenant_id, request.state.request_id, idempotency_key, datetime.now(UTC), actor=caller.key_id)


Caller = Annotated[Calling, Depends(caller_of)]
