"""One answer per idempotency key: what was stored, and storing it."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bench.conventional.models import IdempotencyKey
from bench.conventional.problems import Problem
from bench.conventional.tenants import identity
from dues.domain.etags import etag

LIFETIME = timedelta(hours=24)
_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}")


async def key_of(idempotency_key: Annotated[str | None, Header()] = None) -> str:
    """The request's Idempotency-Key. Refuses its absence and what is not 1–255 visible ASCII characters."""
    if not idempotency_key:
        raise Problem("idempotency-key-missing", "idempotency_key_missing", "Send an Idempotency-Key.")
    if not _VISIBLE_ASCII.fullmatch(idempotency_key):
        raise Problem(
            "idempotency-key-invalid", "idempotency_key_invalid", "It must be 1–255 visible ASCII characters."
        )
    return idempotency_key


Key = Annotated[str, Depends(key_of)]


@dataclass(frozen=True)
class Answer:
    """What a request is answered, and the id of what it made."""

    status: int
    body: bytes
    object_id: str | None = None

    def response(self, *, replayed: bool = False) -> Response:
        """The answer as HTTP."""
        headers = {"Idempotent-Replayed": "true"} if replayed else {}
        if self.status >= 400:
            return Response(self.body, self.status, headers, media_type="application/problem+json")
        if not (self.object_id or "").startswith("ent_"):  # an entry never changes, so it has no versions
            headers["ETag"] = etag(self.body)
        return Response(self.body, self.status, headers, media_type="application/json")


async def answer_once(
    session: AsyncSession,
    tenant_id: int,
    key: str,
    request: Request,
    work: Callable[[], Awaitable[Answer]],
    taken: Callable[[IntegrityError], Problem],
) -> Response:
    """Does `work`, once per idempotency key, with its answer in the same transaction. Answers after COMMIT.

    `taken` tells what is wrong where `work` meets a constraint.
    """
    fingerprint = await _fingerprint_of(request)
    if stored := await _find_answer(session, tenant_id, key, fingerprint):
        return stored.response(replayed=True)
    try:
        try:
            answer = await work()
        except Problem as problem:
            answer = Answer(problem.status, problem.body(request))
        _remember(session, tenant_id, key, fingerprint, request, answer)
        await session.commit()
    except IntegrityError as error:
        # Somebody was first: with this key (then that answer is ours too), or with this reference.
        await session.rollback()
        if stored := await _find_answer(session, tenant_id, key, fingerprint):
            return stored.response(replayed=True)
        conflict = taken(error)
        answer = Answer(conflict.status, conflict.body(request))
        _remember(session, tenant_id, key, fingerprint, request, answer)
        await session.commit()
    return answer.response()


async def _fingerprint_of(request: Request) -> bytes:
    """SHA-256 of method, path and canonical JSON body."""
    canonical = json.dumps(await request.json(), sort_keys=True, separators=(",", ":"))
    return sha256(f"{request.method} {request.url.path}\n{canonical}".encode()).digest()


async def _find_answer(session: AsyncSession, tenant_id: int, key: str, fingerprint: bytes) -> Answer | None:
    """The stored answer. Refuses another request under the same key; forgets one that has expired."""
    stored = await session.get(IdempotencyKey, identity(tenant_id, key=key))
    if stored is None:
        return None
    if stored.expires_at <= datetime.now(UTC):
        await session.delete(stored)
        await session.flush()
        return None
    if stored.fingerprint != fingerprint:
        detail = f"This key was first used for {stored.method} {stored.path} at {stored.created_at.isoformat()}."
        raise Problem("idempotency-key-reused", "idempotency_key_reused", detail)
    return Answer(stored.status, stored.body, stored.object_id)


def _remember(
    session: AsyncSession, tenant_id: int, key: str, fingerprint: bytes, request: Request, answer: Answer
) -> None:
    """Adds the answer to the transaction of the work that it answers."""
    now = datetime.now(UTC)
    session.add(
        IdempotencyKey(
            tenant_id=tenant_id,
            key=key,
            fingerprint=fingerprint,
            method=request.method,
            path=request.url.path,
            status=answer.status,
            body=answer.body,
            request_id=request.state.request_id,
            object_id=answer.object_id,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
