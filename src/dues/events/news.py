"""Wakes whoever waits for events: in this process at once, in others by NOTIFY. Nothing depends on its arriving."""

import asyncio
import uuid
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from dues.db.database import Database
from dues.db.errors import Conflict, LockTimeout, Unavailable
from dues.db.listener import listen_for_ever
from dues.events import store

CHANNEL: Final = "dues_events"

BREATH_SECONDS: Final = 0.01
"""What is committed within this is told to other processes together: NOTIFY makes commits wait for each other, so
it is none of theirs."""

TENANTS_MAX: Final = 500
"""A payload has less than 8000 bytes. More tenants than this at once: everybody is woken."""

EVERYBODY: Final = 0
"""Whoever waits for any tenant's events. No tenant has this id."""


class News:
    """The bells of one process. `run` keeps it in touch with others."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._own = uuid.uuid4().hex
        self._bells: dict[int, asyncio.Event] = {}
        self._untold: set[int] = set()
        self._something = asyncio.Event()
        self.closing = False

    def bell(self, tenant_id: int = EVERYBODY) -> asyncio.Event:
        """Is set when a tenant's next events are committed. Take it before you look, and wait after."""
        return self._bells.setdefault(tenant_id, asyncio.Event())

    def committed(self, tenant_ids: Iterable[int]) -> None:
        """Tells everybody that these tenants may have new events."""
        self._untold.update(tenant_ids)
        self._something.set()
        self._ring(self._untold)

    def close(self) -> None:
        """Whoever waits is woken, and need not wait again."""
        self.closing = True
        self._ring(list(self._bells))

    async def run(self) -> None:
        """Listens to other processes and tells them, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen_for_ever(self._database.url, CHANNEL, self._heard))
            tasks.create_task(self._tell_for_ever())

    async def _tell_for_ever(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            told, self._untold = self._untold, set()
            tenants = " ".join(map(str, told)) if len(told) <= TENANTS_MAX else "*"
            with suppress(Unavailable, Conflict, LockTimeout):  # they look by themselves once a second
                await self._database.rows(store.NOTIFY_EVENTS, CHANNEL, f"{self._own} {tenants}")
            await asyncio.sleep(BREATH_SECONDS)

    def _heard(self, payload: str) -> None:
        sender, *tenants = payload.split()
        if sender != self._own:
            self._ring(list(self._bells) if tenants == ["*"] else [int(tenant) for tenant in tenants])

    def _ring(self, tenant_ids: Iterable[int]) -> None:
        for tenant_id in (*tenant_ids, EVERYBODY):
            if bell := self._bells.pop(tenant_id, None):
                bell.set()
