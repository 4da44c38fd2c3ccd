"""How people are let in: by an invitation once, then by a password and, where their role moves money, a code.

Whoever is unknown gets the same answer after the same time as whoever has the wrong password.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dues.db.database import Database
from dues.domain.ids import new_id, random_secret
from dues.domain.people import IDLE_MAX, INVITED_FOR, LOGGED_IN_MAX, MOVES_MONEY, Role
from dues.domain.rate_limits import Bucket, RateLimit
from dues.tenants.people.sessions.store import (
    Session,
    find_session,
    insert_session,
    save_seen,
)
from dues.tenants.people.store import (
    Invitation,
    Person,
    find_invitation,
    find_person,
    insert_invitation,
    insert_person,
    save_totp_step,
    save_used,
)
from dues.tenants.secrets.keys import SecretKeys, UnreadableSecretError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

TOKEN_LENGTH: Final = 43
"""43 characters of base62 are 256 random bits."""

TRIES_OF_A_PERSON: Final = RateLimit(10, 900)
TRIES_OF_AN_ADDRESS: Final = RateLimit(60, 900)

REMEMBERED_MAX: Final = 20_000

HASHED_AT_ONCE: Final = 2
"""Each takes 64 MiB and some tens of milliseconds of a processor."""

STEP_SECONDS: Final = 30


class TooManyTries(Exception):
    """Nobody was let in, and nothing was looked at: come back after so many seconds."""

    def __init__(self, retry_seconds: int) -> None:
        super().__init__(f"too many tries to log in; again in {retry_seconds} s")
        self.retry_seconds = retry_seconds


class Tries:
    """Who has tried to log in lately: by address of mail, and by address of the network."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()

    def count(self, email: str, address: str) -> None:
        """One more try. Raises TooManyTries."""
        now = self._clock()
        asked = [self._bucket(*one) for one in (("p", email, TRIES_OF_A_PERSON), ("a", address, TRIES_OF_AN_ADDRESS))]
        for bucket in asked:
            if not bucket.has_one(now):
                raise TooManyTries(max(1, round(bucket.seconds_until_one)))
        for bucket in asked:
            bucket.take(now)

    def forgive(self, email: str) -> None:
        """Whoever got in has made no mistake too many."""
        self._buckets.pop(("p", email), None)

    def _bucket(self, kind: str, name: str, limit: RateLimit) -> Bucket:
        bucket = self._buckets.pop((kind, name), None) or Bucket(limit, self._clock())
        self._buckets[kind, name] = bucket
        if len(self._buckets) > REMEMBERED_MAX:
            self._buckets.popitem(last=False)
        return bucket


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # here, and not above: commands need it rarely

    return PasswordHasher()


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher().hash(random_secret(TOKEN_LENGTH))


def _is_right(stored: str, password: str) -> bool:
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return _hasher().verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False


def token_hash(token: str) -> bytes:
    """By what a token is found."""
    return sha256(token.encode()).digest()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step of time that a code is of: this one, the one before or the next; None: it is of none of them."""
    from pyotp import TOTP

    at = int(now.timestamp()) // STEP_SECONDS
    plain = "".join(code.split())
    for step in (at, at - 1, at + 1):
        if len(plain) == 6 and plain.isascii() and plain.isdigit() and TOTP(secret).at(step * STEP_SECONDS) == plain:
            return step
    return None


class Joining(Struct, frozen=True):
    """What somebody who is invited gives."""

    email: str
    name: str
    password: str
    totp_secret: str | None = None
    code: str = ""


class LettingIn:
    """Lets people in."""

    def __init__(self, database: Database, keys: SecretKeys) -> None:
        self._database, self._keys = database, keys
        self._tries = Tries()
        self._hashing = asyncio.Semaphore(HASHED_AT_ONCE)

    async def invited(self, token: str) -> Invitation | None:
        """The invitation that a link has, if it still holds."""
        found = await find_invitation(self._database, token_hash(token))
        return found if found and found.used_at is None and found.expires_at > datetime.now(UTC) else None

    async def join(self, invitation: Invitation, joining: Joining) -> Person | None:
        """Makes whoever was invited one of the people; None where somebody has that address, or the link was used."""
        now = datetime.now(UTC)
        step = 0
        if joining.totp_secret is not None:
            step = step_of(joining.totp_secret, joining.code, now) or 0
            assert step, "whoever calls has looked at the code"
        made_id = new_id("per_", now)
        async with self._hashing:
            hashed = await asyncio.to_thread(_hasher().hash, joining.password)
        secret = joining.totp_secret and self._keys.encrypt(made_id, joining.totp_secret)
        person = Person(
            id=made_id,
            merchant_id=invitation.merchant_id,
            email=joining.email,
            name=joining.name,
            role=invitation.role,
            password_hash=hashed,
            totp_secret=secret,
            created_at=now,
            removed_at=None,
        )
        async with self._database.transaction() as tx:
            if not await save_used(tx, invitation.id, now) or not await insert_person(tx, person, step):
                return None
            await tx.commit()
        return person

    async def login(self, email: str, password: str, code: str, address: str) -> Person | None:
        """Who that is; None, whatever is wrong. Raises TooManyTries."""
        self._tries.count(email, address)
        person = await find_person(self._database, email)
        async with self._hashing:
            is_right = await asyncio.to_thread(_is_right, person.password_hash if person else _nobodys_hash(), password)
        if person is None or not is_right or not await self._is_second(person, code):
            return None
        self._tries.forgive(email)
        return person

    async def _is_second(self, person: Person, code: str) -> bool:
        if person.totp_secret is None:
            return person.role not in MOVES_MONEY
        try:
            secret = self._keys.decrypt(person.id, person.totp_secret)
        except UnreadableSecretError:
            return False
        step = step_of(secret, code, datetime.now(UTC))
        return step is not None and await save_totp_step(self._database, person.id, step)

    async def begin(self, person: Person, address: str, browser: str) -> str:
        """The token of a new session."""
        now, token = datetime.now(UTC), random_secret(TOKEN_LENGTH)
        made_id = new_id("ses_", now)
        await insert_session(self._database, made_id, person.id, token_hash(token), address, browser[:200], now)
        return token

    async def session(self, token: str) -> Session | None:
        """The session of a token, if it is in force."""
        found = await find_session(self._database, token_hash(token)) if len(token) == TOKEN_LENGTH else None
        now = datetime.now(UTC)
        if found is None or found.ended_at is not None or found.person.removed_at is not None:
            return None
        if now - found.seen_at > IDLE_MAX or now - found.created_at > LOGGED_IN_MAX:
            return None
        if now - found.seen_at > timedelta(minutes=1):
            await save_seen(self._database, found.id, now)
        return found


async def invite(database: Database, merchant_id: str, email: str, role: Role) -> str:
    """The token of a new invitation, which is shown once. `email` may be empty: then they say it."""
    now, token = datetime.now(UTC), random_secret(TOKEN_LENGTH)
    made = Invitation(
        id=new_id("inv_", now),
        merchant_id=merchant_id,
        merchant="",
        email=email,
        role=role,
        expires_at=now + INVITED_FOR,
        used_at=None,
    )
    async with database.transaction() as tx:
        await insert_invitation(tx, made, token_hash(token), now)
        await tx.commit()
    return token
