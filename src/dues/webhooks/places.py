"""Places: how many requests to endpoints may be under way in a process, and how many of them may be one tenant's.

A place is held for as long as an endpoint takes to answer, fifteen seconds where it does not. So it is too late to be
fair when somebody else comes: whoever takes places leaves some free. A tenant gets another one only while it has fewer
than are free. One alone takes half of them; two take a third each; however many want all they can get, whoever comes
next finds as many free as each of them has.
"""

from asyncio import CancelledError, Future, get_running_loop
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Places:
    """So many, for all tenants of a process."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._held: Counter[int] = Counter()
        self._waiting: dict[int, deque[Future[None]]] = {}

    @asynccontextmanager
    async def one(self, tenant_id: int) -> AsyncIterator[None]:
        """Waits for a place, and has it."""
        await self._take(tenant_id)
        try:
            yield
        finally:
            self._give_back(tenant_id)

    async def _take(self, tenant_id: int) -> None:
        if tenant_id not in self._waiting and self._may_have_another(tenant_id):
            self._have(tenant_id)
            return
        given: Future[None] = get_running_loop().create_future()
        self._waiting.setdefault(tenant_id, deque()).append(given)
        try:
            await given
        except CancelledError:
            if given.cancelled():
                self._leave(tenant_id, given)
            else:  # it was given at the very moment
                self._give_back(tenant_id)
            raise

    def _may_have_another(self, tenant_id: int) -> bool:
        return self._held[tenant_id] < self._free

    def _have(self, tenant_id: int) -> None:
        self._free -= 1
        self._held[tenant_id] += 1

    def _leave(self, tenant_id: int, given: "Future[None]") -> None:
        """Waits no longer, if it did."""
        queue = self._waiting.get(tenant_id, deque())
        if given in queue:
            queue.remove(given)
            if not queue:
                del self._waiting[tenant_id]

    def _give_back(self, tenant_id: int) -> None:
        self._free += 1
        self._held[tenant_id] -= 1
        if not self._held[tenant_id]:
            del self._held[tenant_id]
        self._serve()

    def _serve(self) -> None:
        """Gives places to those who wait, to whoever has fewest first."""
        while self._waiting:
            tenant_id = min(self._waiting, key=lambda one: self._held[one])
            if not self._may_have_another(tenant_id):
                return
            given = self._waiting[tenant_id][0]
            self._leave(tenant_id, given)
            if not given.done():
                self._have(tenant_id)
                given.set_result(None)
