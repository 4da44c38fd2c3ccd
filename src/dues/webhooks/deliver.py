"""The deliverer of a process: finds endpoints with something to be sent, and has a courier for each."""

import asyncio
import traceback
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from dues.db.errors import Conflict, LockTimeout, Unavailable
from dues.webhooks import store
from dues.webhooks.courier import LEASE_SECONDS, PAUSE_SECONDS, Courier
from dues.webhooks.reach import Reach
from dues.webhooks.store import Held, Lease

LEASES_MAX: Final = 500
LEASES_AT_ONCE: Final = 20
"""Few at a time, so that several processes share them."""

LOOK_SECONDS: Final = 1.0
"""Looks this often by itself, in case that news does not arrive."""

BREATH_SECONDS: Final = 0.02
"""Between two looks, however much there is news of."""

RENEW_SECONDS: Final = LEASE_SECONDS / 4

_log = structlog.get_logger()


class Deliverer:
    """`run` delivers until cancelled; any number of processes may do so at once."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._couriers: dict[Held, asyncio.Task[None]] = {}
        self._leases: dict[Held, Lease] = {}

    async def run(self) -> None:
        """Delivers until cancelled, and gives every lease back."""
        renewing = asyncio.create_task(self._renew_for_ever())
        try:
            while True:
                bell = self._reach.news.bell()
                try:
                    if await self._look():
                        continue
                except (Unavailable, Conflict, LockTimeout) as error:
                    _log.warning("delivery_postponed", reason=str(error))
                await asyncio.sleep(BREATH_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await bell.wait()
        finally:
            renewing.cancel()
            couriers = list(self._couriers.values())
            for courier in couriers:
                courier.cancel()
            await asyncio.gather(*couriers, return_exceptions=True)

    async def _look(self) -> bool:
        """Takes endpoints that have something to be sent; whether there may be more of them."""
        room = min(LEASES_AT_ONCE, LEASES_MAX - len(self._couriers))
        if room <= 0 or self._reach.news.closing:
            return False
        reach = self._reach
        to = await reach.horizon.complete_to()
        now = datetime.now(UTC)
        until = now + timedelta(seconds=LEASE_SECONDS)
        # A name that nobody had: one who comes back after its lease has ended is not taken for whom it went to.
        holder = uuid.uuid4().hex
        leases = await store.lease_endpoints(reach.database, now, holder, until, room, reach.types, to)
        for lease in leases:
            name = lease.tenant_id, lease.id, holder
            self._leases[name] = lease
            self._couriers[name] = asyncio.create_task(self._deliver(name, lease))
        return len(leases) == room

    async def _deliver(self, name: Held, lease: Lease) -> None:
        try:
            await Courier(self._reach, lease).run()
        except (Unavailable, Conflict, LockTimeout) as error:
            _log.warning("delivery_postponed", endpoint_id=lease.id, reason=str(error))
            await asyncio.sleep(PAUSE_SECONDS)
        except Exception as error:
            # The frames, and not the message: it may quote a customer's data.
            frames = "".join(traceback.format_tb(error.__traceback__))
            _log.error("delivery_failed", endpoint_id=lease.id, kind=type(error).__name__, frames=frames)
            await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._couriers.pop(name, None)
            self._leases.pop(name, None)
            with suppress(Unavailable, Conflict, LockTimeout):  # it ends by itself
                await store.release(self._reach.database, lease)

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            held = list(self._leases)
            if not held:
                continue
            until = datetime.now(UTC) + timedelta(seconds=LEASE_SECONDS)
            try:
                kept = await store.renew_leases(self._reach.database, until, held)
            except (Unavailable, Conflict, LockTimeout):
                continue
            for name in held:
                if name not in kept and (courier := self._couriers.get(name)):
                    courier.cancel()
