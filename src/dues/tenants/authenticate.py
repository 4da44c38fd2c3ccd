"""Who is calling: from a key to its tenant, remembered for half a second."""

import asyncio
import time
from collections import OrderedDict
from typing import Final

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.tenants import store
from dues.tenants.keys import ApiKey, fingerprint

FRESH_SECONDS: Final = 0.5
"""A revoked key must be out on every process within a second. Looking again twice a second is simpler than being
told, and cannot miss the news."""

REMEMBERED_MAX: Final = 10_000


class KeyRing:
    """The keys that were used lately. One look-up at a time for each, however many ask."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys: OrderedDict[bytes, tuple[float, ApiKey]] = OrderedDict()
        self._looking: dict[bytes, asyncio.Task[ApiKey | None]] = {}
        self._times_forgotten = 0

    async def find(self, secret: str) -> ApiKey | None:
        """The key that `secret` is, in force or not; None if it is none. Raises Unavailable."""
        sha256 = fingerprint(secret)
        if sha256 is None:
            return None
        remembered = self._keys.get(sha256)
        if remembered and time.monotonic() - remembered[0] < FRESH_SECONDS:
            return remembered[1]
        return await asyncio.shield(self._looking.get(sha256) or self._look(sha256))

    def forget(self, tenant: Tenant) -> None:
        """Whoever comes from now on is given what a new look finds, for every key of this tenant."""
        for sha256 in [sha256 for sha256, (_, key) in self._keys.items() if key.tenant == tenant]:
            del self._keys[sha256]
        # A look that is under way may see what was before; whose it will be is not known yet.
        self._looking.clear()
        self._times_forgotten += 1

    def _look(self, sha256: bytes) -> "asyncio.Task[ApiKey | None]":
        task = self._looking[sha256] = asyncio.create_task(self._find(sha256))
        task.add_done_callback(lambda _: self._looked(sha256, task))
        return task

    def _looked(self, sha256: bytes, task: "asyncio.Task[ApiKey | None]") -> None:
        if self._looking.get(sha256) is task:
            del self._looking[sha256]

    async def _find(self, sha256: bytes) -> ApiKey | None:
        asked_at, times_forgotten = time.monotonic(), self._times_forgotten
        key = await store.find_key(self._database, sha256)
        if times_forgotten != self._times_forgotten:
            return key
        self._keys.pop(sha256, None)
        if key:
            self._keys[sha256] = asked_at, key
            if len(self._keys) > REMEMBERED_MAX:
                self._keys.popitem(last=False)
        return key
