"""Who calls: the tenant that a bearer key belongs to."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Header
from sqlalchemy import bindparam, select

from bench.conventional.database import Session
from bench.conventional.models import ApiKey
from bench.conventional.problems import Problem

# Statements of the hot path are built once: building one costs SQLAlchemy as much as half of running it.
FIND_KEY = select(ApiKey).where(ApiKey.sha256 == bindparam("sha256"))


async def tenant_of(session: Session, authorization: Annotated[str | None, Header()] = None) -> int:
    """The calling tenant's id. Refuses unknown, revoked, expired and public keys."""
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
    return key.tenant_id


Tenant = Annotated[int, Depends(tenant_of)]
