"""What a command is, what it is given, and what it may reach."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from dues.db.transaction import Transaction
from dues.domain.entries import Cause

Body = TypeVar("Body", covariant=True)
Answer = TypeVar("Answer", covariant=True)

Claim = Hashable
"""The name of something that only one request at a time may touch, such as ("account", tenant_id, reference)."""


class Request(Struct, Generic[Body], frozen=True):
    """One request of a group: whose it is, what it is called in logs, and what it asks for.

    `collector_id` is the id of the key that it came with, if that is a collector's.
    """

    tenant_id: int
    request_id: str
    idempotency_key: str | None
    body: Body
    collector_id: str | None = None


class Work(Struct, frozen=True):
    """What a command may reach: its group's transaction, and what time it is there."""

    tx: Transaction
    now: datetime

    def cause(self, request: Request[Any]) -> Cause:
        """What the ledger is told of `request`."""
        return Cause(request.tenant_id, request.request_id, request.idempotency_key, self.now)


@dataclass(frozen=True, slots=True)
class Command(Generic[Body, Answer]):
    """Something that can be asked for, by many at once.

    `run` reads, decides and writes for a whole group, one answer per request in the same order. `claims` names
    what a request will touch: no two requests with a claim in common are ever in work at the same time here.
    """

    name: str
    run: Callable[[Work, Sequence[Request[Body]]], Awaitable[Sequence[Answer]]]
    claims: Callable[[Request[Body]], Iterable[Claim]]
