"""When keys were last used: noted with each request, written now and then, by no request's way."""

import time
from datetime import UTC, datetime
from typing import Final

from dues.background import Job
from dues.db.database import Database
from dues.db.errors import Transient
from dues.tenants.keys import ApiKey
from dues.tenants.uses import store

EVERY_SECONDS: Final = 5.0
"""So soon whoever lists keys sees that one was used for the first time, or again."""


class KeyUses:
    """The keys that were used since that was last written, and when."""

    def __init__(self) -> None:
        self._used: dict[tuple[int, str], float] = {}

    def note(self, key: ApiKey) -> None:
        """A key opened something, now."""
        self._used[key.tenant.id, key.id] = time.time()

    async def write(self, database: Database) -> None:
        """Keeps when they were used; of each key, once in a minute, whoever else has written that."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await store.save_key_uses(database, list(used), [datetime.fromtimestamp(at, UTC) for at in used.values()])
        except Transient:
            self._used = used | self._used
            raise


def key_uses(database: Database, uses: KeyUses) -> Job:
    """The job that writes them."""
    return Job("uses of keys", EVERY_SECONDS, lambda: uses.write(database))
