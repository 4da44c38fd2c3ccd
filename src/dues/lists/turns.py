"""Turns: few lists, reports and feeds of one tenant are read at a time, so that nobody's keep others waiting."""

from asyncio import Semaphore
from typing import Final
from weakref import WeakValueDictionary

from dues.db.database import Database

AT_A_TIME: Final = 2
"""Statements of one tenant, in one process. A third waits for its turn; what is not under way costs nothing."""


class Turns:
    """A pool for lists, of which each tenant has its share."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # A share is kept while somebody reads through it.
        self._shares: WeakValueDictionary[int, Database] = WeakValueDictionary()

    def share_of(self, tenant_id: int) -> Database:
        """The pool as this tenant may use it."""
        share = self._shares.get(tenant_id)
        if share is None:
            share = self._shares[tenant_id] = self._database.share(Semaphore(AT_A_TIME))
        return share
