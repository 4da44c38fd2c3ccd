"""A delivery worker: delivers to one endpoint, for as long as this process has the lease of it.

What is new goes by rounds, what is behind by lanes. Nothing is sent for the first time before what came before it, of
the same object, was answered with 2xx or was given up. All is sent again that was sent but not noted: at least once,
and the first time in order.
"""

import asyncio
from typing import Final

from dues.webhooks.attempts import Attempts
from dues.webhooks.context import DeliveryContext
from dues.webhooks.lanes import Lanes
from dues.webhooks.leases.store import Lease
from dues.webhooks.progress import LeaseLostError, Progress
from dues.webhooks.rounds import Rounds

IDLE_SECONDS: Final = 10.0
"""How long an endpoint is kept while there is nothing to send: the next event finds everything ready."""

LOOK_SECONDS: Final = 1.0
"""Looks this often by itself."""


class DeliveryWorker:
    """`run` returns when there has been nothing to send for a while, or somebody else should."""

    def __init__(self, context: DeliveryContext, lease: Lease) -> None:
        self._notifier = context.notifier
        self._progress = Progress(context, lease)
        self._attempts = Attempts(context, self._progress)
        self._lanes = Lanes(context, self._progress, self._attempts)
        self._rounds = Rounds(context, self._progress, self._attempts, self._lanes)

    async def run(self) -> None:
        """Delivers. Raises nothing but Unavailable and the like."""
        try:
            await self._deliver()
        except LeaseLostError:
            return
        finally:
            await self._lanes.aclose()
            await self._attempts.aclose()

    async def _deliver(self) -> None:
        loop = asyncio.get_running_loop()
        busy_at = loop.time()
        while not self._notifier.closing:
            signal = self._notifier.signal(self._progress.lease.tenant.id)
            self._lanes.ended.clear()
            await self._progress.refresh()
            await self._lanes.start_due()
            progressed = await self._lanes.begin_resend()
            progressed |= await self._rounds.run()
            if progressed or len(self._lanes):
                busy_at = loop.time()
            elif loop.time() - busy_at > IDLE_SECONDS:
                return
            if not progressed:
                await self._wait(signal)

    async def _wait(self, signal: asyncio.Event) -> None:
        """Until there may be something to do: events, the end of a lane, the time of another, the end of a hold."""
        now = self._progress.now
        times = [self._progress.lease.next_lane_at, self._progress.health.held_until]
        seconds = min([(time - now).total_seconds() for time in times if time and time > now] + [LOOK_SECONDS])
        waiting = [asyncio.ensure_future(signal.wait()), asyncio.ensure_future(self._lanes.ended.wait())]
        try:
            await asyncio.wait(waiting, timeout=max(seconds, 0.005), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
