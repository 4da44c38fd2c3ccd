"""Wakes whoever waits for events: in this process at once, in others by NOTIFY. Nothing depends on its arriving.

Whoever waits takes a signal first, then looks at the database, and waits for the signal only where there is nothing:

    signal = notifier.signal(tenant_id)
    … look …
    await heard(signal, seconds)
"""

import asyncio
import uuid
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from dues.background import Job, run_jobs
from dues.db.database import Database
from dues.db.listener import APPLICATION_NAME, Listener
from dues.events import store

CHANNEL: Final = "dues_events"

ENDPOINTS_CHANNEL: Final = "dues_webhook_endpoints"
"""A trigger says on it that a webhook endpoint was made, enabled or disabled."""

BREATH_SECONDS: Final = 0.01
"""What is committed within this is told to other processes together: NOTIFY makes commits wait for each other, so
it is no part of them."""

COUNT_SECONDS: Final = 1.0
"""How often it is looked up whether any other process listens."""

TENANTS_MAX: Final = 500
"""A payload has less than 8000 bytes. More tenants than this at once: everybody is woken."""

EVERYBODY: Final = 0
"""Whoever waits for any tenant's events. No tenant has this id."""

ENDPOINTS: Final = -1
"""Whoever waits for webhook endpoints to change. No tenant has this id."""


class Notifier:
    """The signals of one process. `run` keeps it in touch with others."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._own = uuid.uuid4().hex
        self._signals: dict[int, asyncio.Event] = {}
        self._pending: set[int] = set()
        self._something = asyncio.Event()
        self._has_listeners_until = 0.0
        self._listener = Listener(
            database.url, {CHANNEL: self._heard, ENDPOINTS_CHANNEL: lambda _: self._wake([ENDPOINTS])}
        )
        self.closing = False

    def signal(self, of: int = EVERYBODY) -> asyncio.Event:
        """Is set when a tenant's next events are committed, or when ENDPOINTS change."""
        return self._signals.setdefault(of, asyncio.Event())

    def notify(self, tenant_ids: Iterable[int]) -> None:
        """Tells everybody that these tenants may have new events, which were committed."""
        tenants = set(tenant_ids)
        self._pending |= tenants
        self._something.set()
        self._wake(tenants)

    def close(self) -> None:
        """Whoever waits is woken, and need not wait again."""
        self.closing = True
        self._wake(list(self._signals))

    async def run(self) -> None:
        """Listens to other processes and tells them, until cancelled."""
        # Whoever waits looks once a second anyhow, so while these are postponed things are slower and nothing else.
        await run_jobs([Job("listening", 1.0, self._listener.listen), Job("notifying", 0.0, self._tell_others)])

    async def _tell_others(self) -> None:
        """Waits for something to tell, and tells it to other processes if there are any."""
        await self._something.wait()
        self._something.clear()
        tenant_ids, self._pending = self._pending, set()
        if not await self._has_listeners():
            # Whoever comes to listen looks first; of what is committed from here on they are told after this.
            await asyncio.sleep(COUNT_SECONDS)
            return
        tenants = " ".join(map(str, tenant_ids)) if len(tenant_ids) <= TENANTS_MAX else "*"
        await self._database.rows(store.NOTIFY_EVENTS, CHANNEL, f"{self._own} {tenants}")
        await asyncio.sleep(BREATH_SECONDS)

    async def _has_listeners(self) -> bool:
        """Whether any process but this one listens."""
        now = asyncio.get_running_loop().time()
        if now >= self._has_listeners_until:
            [row] = await self._database.rows(store.COUNT_LISTENERS, APPLICATION_NAME, self._listener.session)
            if not row["listeners"]:
                return False
            self._has_listeners_until = now + COUNT_SECONDS
        return True

    def _heard(self, payload: str) -> None:
        sender, *tenants = payload.split()
        if sender != self._own:
            self._wake(list(self._signals) if tenants == ["*"] else [int(tenant) for tenant in tenants])

    def _wake(self, whom: Iterable[int]) -> None:
        for one in (*whom, EVERYBODY):
            if signal := self._signals.pop(one, None):
                signal.set()


async def heard(signal: asyncio.Event, seconds: float) -> None:
    """Waits for a signal, and no longer than that."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await signal.wait()
