"""API keys: what they look like, what is kept of them, and whom they let in."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, Literal

from dues.domain.ids import new_id, random_secret
from dues.domain.tenants import Tenant

Mode = Literal["test", "live"]
KeyKind = Literal["secret", "public", "collector"]

SECRET_LENGTH: Final = 28
"""28 characters of base62 are 166 random bits. They contain no underscore, so no live key can read sk_test_…"""

_PREFIXES: Final[dict[KeyKind, str]] = {"secret": "sk_", "public": "pk_", "collector": "ck_"}

_SHAPE: Final = re.compile(r"(?:sk|pk|ck)_(?:test_)?[0-9A-Za-z]{20,64}")


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
    clock_offset_seconds: int
    """How far the tenant's test clock is ahead of the server's; 0 in live mode."""

    def now(self) -> datetime:
        """What time it is for this key's tenant."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset_seconds)


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
