"""Entries: the chain of changes that proves a balance.

Every change of a balance is one immutable entry. Each carries the SHA-256 of itself and of the entry before it, so
whoever alters one by hand would have to alter all that follow, and anybody can see it.
"""

from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Final, Literal

import msgspec
from msgspec import Struct

from dues.domain.days import day_at
from dues.domain.ids import new_id

EntryKind = Literal[
    "opening",
    "adjustment",
    "payment",
    "reversal",
    "closing",
    "release",
    "credit",
    "credit_reversal",
    "hold",
    "application",
    "refund",
]
"""What has changed a balance. The ledger of a bill says what is settled of it, paid or credited; that of a payment what
is held of it: `hold`, `application` and `refund` are a payment's alone, `credit` and `credit_reversal` a bill's."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Cause(Struct, frozen=True):
    """What changes a balance: whose request, under which key, when, and through which payment. The days of
    `time_zone` are the merchant's."""

    tenant_id: int
    request_id: str
    idempotency_key: str | None
    now: datetime
    payment_id: str | None = None
    time_zone: str = "UTC"

    @property
    def today(self) -> date:
        """Which day it is for the merchant."""
        return day_at(self.now, self.time_zone)


class Entry(Struct, frozen=True):
    """One change of a balance. `owner_id` is whose balance it is; amounts are minor units of `currency`."""

    tenant_id: int
    owner_id: str
    number: int
    id: str
    kind: EntryKind
    currency: str
    amount: int
    balance_after: int
    reason: str | None
    request_id: str
    idempotency_key: str | None
    payment_id: str | None
    created_at: datetime
    hash: bytes


class Head(Struct, frozen=True):
    """Where a chain of entries ends: the last one's number, hash, balance and time. `Head()`: it has none yet."""

    number: int = 0
    hash: bytes = bytes(32)
    balance: int = 0
    created_at: datetime = EPOCH


class Chain:
    """The chain of one balance, being written on by one request. `entries` is what it has added."""

    def __init__(self, owner_id: str, head: Head | None, cause: Cause) -> None:
        assert head is not None, "who writes on a ledger has read where it ends"
        self._owner_id = owner_id
        self._head = head
        self._cause = cause
        self.entries: list[Entry] = []

    def add(self, kind: EntryKind, currency: str, amount: int, reason: str | None = None) -> None:
        """Adds an entry that changes the balance by `amount`."""
        # Clocks of several processes differ by a little; a chain never goes back in time, so that a balance at a
        # time has one answer.
        created_at = max(self._cause.now, self._head.created_at)
        entry = Entry(
            tenant_id=self._cause.tenant_id,
            owner_id=self._owner_id,
            number=self._head.number + 1,
            id=new_id("ent_", created_at),
            kind=kind,
            currency=currency,
            amount=amount,
            balance_after=self._head.balance + amount,
            reason=reason,
            request_id=self._cause.request_id,
            idempotency_key=self._cause.idempotency_key,
            payment_id=self._cause.payment_id,
            created_at=created_at,
            hash=b"",
        )
        entry = msgspec.structs.replace(entry, hash=chain_hash(self._head.hash, entry))
        self.entries.append(entry)
        self._head = Head(entry.number, entry.hash, entry.balance_after, created_at)

    def track(self, old: tuple[str, int] | None, new: tuple[str, int] | None, reason: str | None = None) -> None:
        """Goes from one (currency, balance) to another; None: no balance is tracked.

        In one currency that is the difference. Otherwise the old balance is closed at zero and the new one opened.
        """
        if old == new:
            return
        if old and new and old[0] == new[0]:
            self.add("adjustment", new[0], new[1] - old[1], reason)
            return
        if old:
            self.add("closing", old[0], -old[1], reason)
        if new:
            self.add("opening", new[0], new[1], reason)


def chain_hash(previous: bytes, entry: Entry) -> bytes:
    """SHA-256 of the previous entry's hash (32 zero bytes before the first) and of all that this one says."""
    hashed: tuple[object, ...] = (
        entry.tenant_id,
        entry.owner_id,
        entry.number,
        entry.id,
        entry.kind,
        entry.currency,
        entry.amount,
        entry.balance_after,
        entry.reason,
        entry.request_id,
        entry.idempotency_key,
        _microseconds(entry.created_at),
    )
    if entry.payment_id is not None:
        hashed += (entry.payment_id,)
    return sha256(previous + msgspec.json.encode(hashed)).digest()


def _microseconds(time: datetime) -> int:
    since = time - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
