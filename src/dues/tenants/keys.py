"""API keys: what they look like, what is kept of them, and whom they let in."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network
from typing import Final, Literal

from dues.domain.actors import SYSTEM
from dues.domain.days import day_at
from dues.domain.ids import new_id, random_secret
from dues.domain.key_limits import KeyLimits
from dues.domain.rate_limits import RateLimit
from dues.domain.tenants import Tenant

Mode = Literal["test", "live"]
KeyKind = Literal["secret", "public", "collector"]

SECRET_LENGTH: Final = 28
"""28 characters of base62 are 166 random bits. They contain no underscore, so no live key can read sk_test_…"""

_PREFIXES: Final[dict[KeyKind, str]] = {"secret": "sk_", "public": "pk_", "collector": "ck_"}

_SHAPE: Final = re.compile(r"(?:sk|pk|ck)_(?:test_)?[0-9A-Za-z]{20,64}")


Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What a key may not that others of its kind may. None: no restriction of this sort."""

    allowed: tuple[str, ...] | None = None
    """Scopes: `bills:read`, or `bills:*` for all that is offered of bills."""
    addresses: tuple[Network, ...] | None = None
    """From where it may be used."""
    max_amount: int | None = None
    """What it may move at once, of each currency in its smallest unit …"""
    max_per_day: int | None = None
    """… and in a day."""

    def allow(self, scope: str) -> bool:
        """Whether the key opens what has this scope."""
        return self.allowed is None or scope in self.allowed or f"{scope.partition(':')[0]}:*" in self.allowed


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key. The key itself is in nobody's hands but its owner's."""

    id: str
    tenant: Tenant
    merchant_id: str
    mode: Mode
    kind: KeyKind
    last_four: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""
    clock_offset_seconds: int
    """How far the tenant's test clock is ahead of the server's; 0 in live mode."""
    time_zone: str
    """Whose days are the merchant's."""
    rate_limit: RateLimit | None
    restrictions: Restrictions | None

    def now(self) -> datetime:
        """What time it is for this key's tenant."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset_seconds)

    @property
    def today(self) -> date:
        """Which day it is for the merchant."""
        return day_at(self.now(), self.time_zone)

    @property
    def money_limits(self) -> KeyLimits | None:
        """How much money it may move, where that is limited."""
        if self.restrictions is None or self.restrictions.max_amount is self.restrictions.max_per_day is None:
            return None
        return KeyLimits(self.id, self.restrictions.max_amount, self.restrictions.max_per_day)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at its birth: `secret` is shown once and never stored."""

    id: str
    secret: str = field(repr=False)
    mode: Mode
    kind: KeyKind
    expires_at: datetime | None

    @property
    def last_four(self) -> str:
        """What people tell keys apart by."""
        return self.secret[-4:]


def generate(mode: Mode, kind: KeyKind, now: datetime, expires_at: datetime | None = None) -> NewKey:
    """A new key: `sk_…`, `pk_…` or `ck_…`, with `test_` in test mode."""
    prefix = _PREFIXES[kind] + ("test_" if mode == "test" else "")
    return NewKey(new_id("key_", now), prefix + random_secret(SECRET_LENGTH), mode, kind, expires_at)


def fingerprint(secret: str) -> bytes | None:
    """The SHA-256 a key is looked up by, or None for what can be no key."""
    return sha256(secret.encode()).digest() if _SHAPE.fullmatch(secret) else None


def key_of_nobody(tenant: Tenant, merchant_id: str, mode: Mode, clock_offset_seconds: int, time_zone: str) -> ApiKey:
    """What stands for a key where the server itself, or whoever has its database, asks for something."""
    return ApiKey(
        id=SYSTEM,
        tenant=tenant,
        merchant_id=merchant_id,
        mode=mode,
        kind="secret",
        last_four="",
        created_at=datetime.now(UTC),
        expires_at=None,
        revoked_at=None,
        last_used_at=None,
        clock_offset_seconds=clock_offset_seconds,
        time_zone=time_zone,
        rate_limit=None,
        restrictions=None,
    )
