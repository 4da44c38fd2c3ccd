"""Who is calling: from a key to its tenant, remembered for half a second; and so is that there is no such key."""

import asyncio
import time
from collections import OrderedDict
from typing import Any, Final

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.tenants import store
from dues.tenants.guesses import Guesses
from dues.tenants.keys import ApiKey, fingerprint
from dues.tenants.uses.key_uses import KeyUses

FRESH_SECONDS: Final = 0.5
"""A revoked key must be out on every process within a second, and a new one in. Looking again twice a second is
simpler than being told, and cannot miss the news."""

REMEMBERED_MAX: Final = 10_000

UNKNOWN_MAX: Final = 10_000
"""Keys of which is remembered that they are unknown, some 2 MB."""


LONG_AGO: Final = float("-inf")


class KeyRing:
    """The keys that were used lately. One look-up at a time for each, however many ask."""

    def __init__(self, database: Database, guesses: Guesses | None = None) -> None:
        self._database = database
        self._guesses = guesses or Guesses()
        self.uses = KeyUses()
        self._keys: OrderedDict[bytes, tuple[float, ApiKey]] = OrderedDict()
        self._unknown: OrderedDict[bytes, float] = OrderedDict()
        self._looking: dict[tuple[bytes, str], asyncio.Task[ApiKey | None]] = {}
        """By key and, where it may be a guess, by who guesses: what one is refused says nothing of another."""
        self._times_forgotten = 0

    async def find(self, secret: str, address: str = "-") -> ApiKey | None:
        """The key that `secret` is, in force or not; None if it is none.

        Raises Unavailable; TooManyGuesses where `address` sent too many that were none.
        """
        sha256 = fingerprint(secret)
        remembered = self._keys.get(sha256) if sha256 else None
        if remembered and time.monotonic() - remembered[0] < FRESH_SECONDS:
            return remembered[1]
        key = await self._look(sha256, "" if remembered else address) if sha256 and self._may_be(sha256) else None
        if key is None:
            self.refuse(address)
        return key

    def refuse(self, address: str) -> None:
        """There is no such key, or none at all. Raises TooManyGuesses where that was so too often."""
        self._guesses.refuse(address)

    def forget(self, tenant: Tenant) -> None:
        """Whoever comes from now on is given what a new look finds, for every key of this tenant."""
        for sha256, (_, key) in self._keys.items():
            if key.tenant == tenant:
                self._keys[sha256] = LONG_AGO, key  # it is no stranger's
        # A look that is under way may see what was before; whose it will be is not known yet.
        self._looking.clear()
        self._times_forgotten += 1

    def _may_be(self, sha256: bytes) -> bool:
        """Whether it was not found out just now that there is no such key."""
        return time.monotonic() - self._unknown.get(sha256, LONG_AGO) >= FRESH_SECONDS

    async def _look(self, sha256: bytes, stranger: str) -> ApiKey | None:
        task = self._looking.get((sha256, stranger))
        if task is None:
            looking = self._find_in_turn(sha256, stranger) if stranger else self._find(sha256)
            task = self._looking[sha256, stranger] = asyncio.create_task(looking)
            task.add_done_callback(lambda done: self._looked((sha256, stranger), done))
        return await asyncio.shield(task)

    def _looked(self, looking: tuple[bytes, str], task: "asyncio.Task[ApiKey | None]") -> None:
        if self._looking.get(looking) is task:
            del self._looking[looking]
        if not task.cancelled():
            task.exception()  # whoever asked may be gone

    async def _find_in_turn(self, sha256: bytes, address: str) -> ApiKey | None:
        async with self._guesses.turn(address):
            key = await self._find(sha256)
            if key is None:
                self._guesses.missed(address)
            return key

    async def _find(self, sha256: bytes) -> ApiKey | None:
        asked_at, times_forgotten = time.monotonic(), self._times_forgotten
        key = await store.find_key(self._database, sha256)
        if key is None:
            self._keys.pop(sha256, None)
            _remember(self._unknown, sha256, asked_at, UNKNOWN_MAX)
        elif times_forgotten == self._times_forgotten:
            _remember(self._keys, sha256, (asked_at, key), REMEMBERED_MAX)
        return key


def _remember(among: OrderedDict[bytes, Any], sha256: bytes, what: Any, most: int) -> None:
    """As the last of at most so many."""
    among.pop(sha256, None)
    among[sha256] = what
    if len(among) > most:
        among.popitem(last=False)
