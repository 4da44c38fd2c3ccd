"""The dispatcher of a process: leases endpoints that have something to be sent, and has a worker for each."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import structlog

from dues.background import Job, report, run_jobs
from dues.db.errors import Transient
from dues.db.installation import find_installation
from dues.events.notifier import ENDPOINTS, heard
from dues.tenants.secrets.keys import UnreadableSecretError
from dues.tenants.store import list_cells
from dues.webhooks.context import DeliveryContext
from dues.webhooks.leases import store
from dues.webhooks.leases.store import Lease, LeaseKey
from dues.webhooks.progress import LEASE_SECONDS, PAUSE_SECONDS
from dues.webhooks.worker import DeliveryWorker

LEASES_AT_ONCE: Final = 20
"""Few at a time, so that several processes share them."""

LOOK_SECONDS: Final = 1.0
"""Looks this often by itself, in case that a signal does not arrive."""

BREATH_SECONDS: Final = 0.02
"""Between two looks, however often it is signalled."""

AWAY_SECONDS: Final = 1.0
"""For so long a cell is left alone that could not be reached: the node that it is on may be away."""

RENEW_SECONDS: Final = LEASE_SECONDS / 4

_log = structlog.get_logger()


class Dispatcher:
    """`run` delivers until cancelled; any number of processes may do so at once."""

    def __init__(self, context: DeliveryContext) -> None:
        self._context = context
        self._workers: dict[LeaseKey, asyncio.Task[None]] = {}
        self._cells: list[int] = []
        self._unreadable: set[str] = set()
        self._cells_known_until = 0.0
        self._is_held = False
        self._away_until: dict[int, float] = {}

    async def run(self) -> None:
        """Delivers until cancelled, and gives every lease back."""
        try:
            await run_jobs(
                [Job("dispatching", 0.0, self._dispatch), Job("renewing leases", RENEW_SECONDS, self._renew)]
            )
        finally:
            workers = list(self._workers.values())
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _dispatch(self) -> None:
        """Starts workers for what is to be sent, and waits until there may be more."""
        signal, endpoints = self._context.notifier.signal(), self._context.notifier.signal(ENDPOINTS)
        if not await self._find_cells():
            await heard(endpoints, LOOK_SECONDS)
        elif not await self._start_workers():
            await asyncio.sleep(BREATH_SECONDS)
            await heard(signal, LOOK_SECONDS)

    async def _find_cells(self) -> list[int]:
        """The cells with anybody to deliver to, none while deliveries are held. As long as there is one, that is looked
        up once a second."""
        now = asyncio.get_running_loop().time()
        if now >= self._cells_known_until or not self._cells:
            database = self._context.database
            cells = [] if await self._are_held() else await list_cells(database)
            enabled = await self._of_each(cells, partial(store.is_any_enabled, database))
            # Where it cannot be known, it is as it was.
            unknown = {cell for cell in self._cells if cell in enabled and enabled[cell] is None}
            self._cells = [cell for cell, is_one in enabled.items() if is_one or cell in unknown]
            self._cells_known_until = now + LOOK_SECONDS
        return self._cells

    async def _are_held(self) -> bool:
        """Whether nothing may be sent, as in a restored copy. It is said when it begins and when it ends."""
        held_at = (await find_installation(self._context.database)).deliveries_held_at
        if (held_at is not None) != self._is_held:
            self._is_held = held_at is not None
            if held_at:
                _log.warning("deliveries_held", since=held_at.isoformat(), until="dues webhooks release")
                for worker in self._workers.values():
                    worker.cancel()
            else:
                _log.info("deliveries_released")
        return self._is_held

    async def _start_workers(self) -> bool:
        """Leases endpoints of every cell that have something to be sent; whether there may be more of them."""
        return any((await self._of_each(self._cells, self._start_workers_of)).values())

    async def _of_each(self, cells: Sequence[int], ask: Callable[[int], Awaitable[bool]]) -> dict[int, bool | None]:
        """What is answered for each cell. None: it cannot be reached, and is left alone for a while; the others go on.

        Raises Transient where that is so of all that were asked.
        """
        now = asyncio.get_running_loop().time()
        answers: dict[int, bool | None] = dict.fromkeys(cells)
        failed: list[Transient] = []
        asked = [cell for cell in cells if self._away_until.get(cell, 0.0) <= now]
        for cell in asked:
            try:
                answers[cell] = await ask(cell)
                self._away_until.pop(cell, None)
            except Transient as error:
                failed.append(error)
                if len(cells) > 1:
                    self._away_until[cell] = asyncio.get_running_loop().time() + AWAY_SECONDS
        if failed and len(failed) == len(asked):
            raise failed[-1]
        return answers

    async def _start_workers_of(self, cell: int) -> bool:
        free = self._context.leases_max - len(self._workers)
        room = min(LEASES_AT_ONCE, free)
        if room <= 0 or self._context.notifier.closing:
            return False
        context = self._context
        to = await context.watermark.stable_position(cell)
        now = datetime.now(UTC)
        until = now + timedelta(seconds=LEASE_SECONDS)
        # A name that nobody had: one who comes back after its lease has ended is not taken for whom it went to.
        holder = uuid.uuid4().hex
        held = Counter(tenant.id for tenant, _, _ in self._workers)
        leases = await store.lease_endpoints(
            context.database, cell, now, holder, until, room, context.types, to, held, free
        )
        for lease in leases:
            key = lease.tenant, lease.id, holder
            self._workers[key] = asyncio.create_task(self._work(key, lease))
        return len(leases) == room

    async def _work(self, key: LeaseKey, lease: Lease) -> None:
        try:
            await DeliveryWorker(self._context, lease).run()
            self._unreadable.discard(lease.id)
        except UnreadableSecretError as error:
            self._say_unreadable(lease, error)
            # The lease is not given back, but ends by itself: until then nobody tries, and no room is taken for it.
            self._workers.pop(key, None)
            return
        except Exception as error:
            report("delivery", error, endpoint_id=lease.id)
            await asyncio.sleep(PAUSE_SECONDS)
        finally:
            if self._workers.pop(key, None):
                with suppress(Transient):  # it ends by itself
                    await store.release(self._context.database, lease)

    def _say_unreadable(self, lease: Lease, error: UnreadableSecretError) -> None:
        """Once, until it can be read again: nothing is sent that cannot be signed, and no attempt is used up."""
        if lease.id not in self._unreadable:
            self._unreadable.add(lease.id)
            _log.error("webhook_secret_unreadable", tenant_id=lease.tenant.id, endpoint_id=lease.id, reason=str(error))

    async def _renew(self) -> None:
        """Keeps the leases of every cell that can be reached. Raises Transient where one cannot."""
        by_cell: dict[int, list[LeaseKey]] = {}
        for key in self._workers:
            by_cell.setdefault(key[0].cell, []).append(key)
        for error in await asyncio.gather(*(self._renew_in(cell, held) for cell, held in by_cell.items())):
            if error is not None:
                raise error

    async def _renew_in(self, cell: int, held: Sequence[LeaseKey]) -> Transient | None:
        until = datetime.now(UTC) + timedelta(seconds=LEASE_SECONDS)
        try:
            kept = await store.renew_leases(self._context.database, cell, until, held)
        except Transient as error:
            return error
        for key in held:
            if key not in kept and (worker := self._workers.get(key)):
                worker.cancel()
        return None
