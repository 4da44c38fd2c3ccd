"""What a request is, and what a group of them may reach."""

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from msgspec import Struct

from dues.db.transaction import Transaction
from dues.domain.closings import Permit
from dues.domain.entries import Cause
from dues.domain.key_limits import Moving
from dues.domain.tenants import Tenant

Body = TypeVar("Body", covariant=True)

Claim = Hashable
"""The name of something that only one group at a time may touch, such as (tenant's id, ("account", reference))."""


class Audited(Struct, frozen=True):
    """That what a request does goes into the audit: as which operation, and from which address it came."""

    operation: str
    address: str


class Request(Struct, Generic[Body], frozen=True):
    """One request of a group: whose it is, what it is called in logs, what it asks for, and who asks.

    `collector_id` is the id of the key that it came with, if that is a collector's; `moving` is there where it moves
    money by a key that may not move as much as it likes; `clock_offset_seconds` is how far the tenant's test clock was
    ahead when that key was looked up, and the days of `time_zone` are the merchant's.
    """

    tenant: Tenant
    request_id: str
    body: Body
    actor: str | None = None
    """The id of the key that it came with."""
    collector_id: str | None = None
    moving: Moving | None = None
    clock_offset_seconds: int = 0
    time_zone: str = "UTC"
    permit: Permit = Permit()
    """Whether what is of closed days may be entered, and why it is."""
    idempotency_key: str | None = None
    fingerprint: bytes = b""
    """SHA-256 of method, path and canonical body: what a repeated key is compared by."""
    method: str = ""
    path: str = ""
    audited: Audited | None = None
    """Where a person asks."""


class Work(Struct, frozen=True):
    """What a group may reach: its transaction, and what time it is there.

    `server_now` is the time of the server, which is nobody's data's: all that is a tenant's goes by `now_of`.
    """

    tx: Transaction
    server_now: datetime
    clock_offsets: dict[Tenant, int] = {}
    """In seconds, by tenant. Whoever is not in it (everybody, in live mode) has the server's time."""
    cautious: bool = False
    """Whether what is to be changed is locked first: others were first the last time, or may be."""

    def now_of(self, tenant: Tenant) -> datetime:
        """What time it is for a tenant: what it writes is of that time, what it keeps expires by it."""
        offset = self.clock_offsets.get(tenant)
        return self.server_now + timedelta(seconds=offset) if offset else self.server_now

    def set_clock(self, tenant: Tenant, offset_seconds: int) -> None:
        """From here to the end of this work, a tenant's clock is ahead by `offset_seconds`."""
        self.clock_offsets[tenant] = offset_seconds

    def cause(self, request: Request[Any]) -> Cause:
        """What the ledger is told of `request`."""
        tenant = request.tenant
        now, zone = self.now_of(tenant), request.time_zone
        return Cause(tenant.id, request.request_id, request.idempotency_key, now, actor=request.actor, time_zone=zone)


def clock_offsets_of(requests: Iterable[Request[Any]]) -> dict[Tenant, int]:
    """How far each tenant's clock is ahead, for those that are. Of two answers the later holds: no clock goes back."""
    offsets: dict[Tenant, int] = {}
    for request in requests:
        if request.clock_offset_seconds > offsets.get(request.tenant, 0):
            offsets[request.tenant] = request.clock_offset_seconds
    return offsets
