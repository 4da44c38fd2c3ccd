"""What a command is, what it is given, and what it may reach."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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

    `collector_id` is the id of the key that it came with, if that is a collector's; `clock_offset_seconds` how far
    the tenant's test clock was ahead when that key was looked up.
    """

    tenant_id: int
    request_id: str
    idempotency_key: str | None
    body: Body
    collector_id: str | None = None
    clock_offset_seconds: int = 0


class Work(Struct, frozen=True):
    """What a command may reach: its group's transaction, and what time it is there.

    `server_now` is the time of the server, which is nobody's data's: all that is a tenant's goes by `now_of`.
    """

    tx: Transaction
    server_now: datetime
    clock_offsets: dict[int, int] = {}
    """In seconds, by tenant. Whoever is not in it (everybody, in live mode) has the server's time."""

    def now_of(self, tenant_id: int) -> datetime:
        """What time it is for a tenant: what it writes is of that time, what it keeps expires by it."""
        offset = self.clock_offsets.get(tenant_id)
        return self.server_now + timedelta(seconds=offset) if offset else self.server_now

    def set_clock(self, tenant_id: int, offset_seconds: int) -> None:
        """From here to the end of this work, a tenant's clock is ahead by `offset_seconds`."""
        self.clock_offsets[tenant_id] = offset_seconds

    def cause(self, request: Request[Any]) -> Cause:
        """What the ledger is told of `request`."""
        now = self.now_of(request.tenant_id)
        return Cause(request.tenant_id, request.request_id, request.idempotency_key, now)


def clock_offsets_of(requests: Iterable[Request[Any]]) -> dict[int, int]:
    """How far each tenant's clock is ahead, for those that are. Of two answers the later holds: no clock goes back."""
    offsets: dict[int, int] = {}
    for request in requests:
        if request.clock_offset_seconds > offsets.get(request.tenant_id, 0):
            offsets[request.tenant_id] = request.clock_offset_seconds
    return offsets


@dataclass(frozen=True, slots=True)
class Command(Generic[Body, Answer]):
    """Something that can be asked for, by many at once.

    `run` reads, decides and writes for a whole group, one answer per request in the same order. `claims` names
    what a request will touch: no two requests with a claim in common are ever in work at the same time here.
    """

    name: str
    run: Callable[[Work, Sequence[Request[Body]]], Awaitable[Sequence[Answer]]]
    claims: Callable[[Request[Body]], Iterable[Claim]]
