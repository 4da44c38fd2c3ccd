"""Entries: the chain of changes that proves a balance.

Every change of a balance is one immutable entry. Each carries the SHA-256 of itself and of the entry before it, so
whoever alters one by hand would have to alter all that follow, and anybody can see it.

Of its texts, which may name people, the hash has a salted digest only. So they can be erased one day: the digest is
kept in their place and the salt's, and the chain still proves everything else.
"""

from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Final, Literal

import msgspec
from msgspec import Struct

from dues.domain.days import day_at
from dues.domain.ids import SALT_LENGTH, new_id, new_salt

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

VERSION: Final = 2
"""Of what the hash of a new entry is made of. In version 1 that was the texts themselves, and not who did it."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_encode: Final = msgspec.json.Encoder().encode


class Cause(Struct, frozen=True):
    """What changes a balance: whose request, under which key, when, through which payment, and who asked for it. The
    days of `time_zone` are the merchant's."""

    tenant_id: int
    request_id: str
    idempotency_key: str | None
    now: datetime
    payment_id: str | None = None
    actor: str | None = None
    time_zone: str = "UTC"

    @property
    def today(self) -> date:
        """Which day it is for the merchant."""
        return day_at(self.now, self.time_zone)


class Entry(Struct, frozen=True):
    """One change of a balance. `owner_id` is whose balance it is; amounts are minor units of `currency`.

    Its texts are `reason`, `idempotency_key` and `external_reference`. Once they are erased it has no `salt`, and their
    `digest` instead.
    """

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
    actor: str | None
    external_reference: str | None
    salt: bytes | None
    version: int = VERSION
    digest: bytes | None = None

    @property
    def sets_balance(self) -> bool:
        """Whether it says what the balance is, and not by how much it changes: an opening, or a PATCH, which has no
        reason."""
        return self.kind == "opening" or (self.kind == "adjustment" and self.reason is None and self.digest is None)


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

    def add(
        self,
        kind: EntryKind,
        currency: str,
        amount: int,
        reason: str | None = None,
        external_reference: str | None = None,
    ) -> None:
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
            actor=self._cause.actor,
            external_reference=external_reference,
            salt=new_salt(),
        )
        # Nobody has seen it yet: to make it a second time for its hash takes as long as the hash.
        msgspec.structs.force_setattr(entry, "hash", chain_hash(self._head.hash, entry))
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


def is_proven(previous: bytes, entry: Entry) -> bool:
    """Whether an entry is as it was written, behind the entry that has the hash `previous`; erased or not."""
    return _is_whole(entry) and entry.hash == chain_hash(previous, entry)


def _is_whole(entry: Entry) -> bool:
    if entry.version == 1:
        # Its hash says nothing of these, so nobody may put anything there.
        return all(one is None for one in (entry.actor, entry.external_reference, entry.salt, entry.digest))
    if entry.digest is None:
        return entry.version == VERSION and entry.salt is not None and len(entry.salt) == SALT_LENGTH
    erased = (entry.salt, *texts_of(entry))
    return entry.version == VERSION and len(entry.digest) == sha256().digest_size and all(one is None for one in erased)


def chain_hash(previous: bytes, entry: Entry) -> bytes:
    """SHA-256 of the previous entry's hash (32 zero bytes before the first) and of all that this one says."""
    if entry.version == 1:
        return sha256(previous + _json_of_version_1(entry)).digest()
    hashed = (
        VERSION,
        entry.tenant_id,
        entry.owner_id,
        entry.number,
        entry.id,
        entry.kind,
        entry.currency,
        entry.amount,
        entry.balance_after,
        entry.request_id,
        entry.payment_id,
        entry.actor,
        _microseconds(entry.created_at),
    )
    return sha256(previous + texts_digest(entry) + _encode(hashed)).digest()


def texts_digest(entry: Entry) -> bytes:
    """SHA-256 of the salt and the texts: all that the hash has of them. Once they are erased, the one that was kept."""
    if entry.digest is not None:
        return entry.digest
    return sha256((entry.salt or b"") + _encode(texts_of(entry))).digest()


def texts_of(entry: Entry) -> tuple[str | None, ...]:
    """What of an entry people wrote, and so may name people."""
    return entry.reason, entry.idempotency_key, entry.external_reference


def _json_of_version_1(entry: Entry) -> bytes:
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
    return _encode(hashed)


def _microseconds(time: datetime) -> int:
    since = time - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
