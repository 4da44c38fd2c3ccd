"""Attempts to deliver to one endpoint: as many at a time as it can take, each signed afresh."""

import asyncio
from datetime import UTC, datetime
from functools import partial

from dues.events.envelope import envelope
from dues.events.store import Event
from dues.webhooks.concurrency import ConcurrencyLimit
from dues.webhooks.context import DeliveryContext
from dues.webhooks.outcome import Outcome
from dues.webhooks.progress import Progress
from dues.webhooks.sending import Sender
from dues.webhooks.signing import signed_headers

Attempt = asyncio.Task[Outcome]
"""An attempt under way. It goes on whether or not anybody waits for it."""


class Attempts:
    """Those under way to one endpoint."""

    def __init__(self, context: DeliveryContext, progress: Progress) -> None:
        self._context = context
        self._progress = progress
        self._sender = Sender(context.outgoing.destinations)
        self._limit = ConcurrencyLimit()
        self._under_way: set[Attempt] = set()

    async def begin(self, event: Event) -> Attempt:
        """Begins an attempt to deliver an event, as soon as one more may be under way."""
        await self._limit.acquire()
        attempt = asyncio.create_task(self._send(event))
        self._under_way.add(attempt)
        attempt.add_done_callback(self._ended)
        return attempt

    async def aclose(self) -> None:
        """Ends all attempts, and closes every connection."""
        under_way = list(self._under_way)
        for attempt in under_way:
            attempt.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._sender.aclose()

    async def _send(self, event: Event) -> Outcome:
        async with self._context.places.one(self._progress.lease.tenant.id):
            lease = self._progress.lease  # as it is by now: what waited for its turn is signed with the newest secret
            body = envelope(event)
            headers = signed_headers(lease.secrets, event.id, datetime.now(UTC), body)
            headers |= {"dues-object": event.object_id, "dues-sequence": str(event.sequence)}
            send = partial(self._sender.send, lease.url, headers, body)
            return await (self._context.send(lease, event, headers, send) if self._context.send else send())

    def _ended(self, attempt: Attempt) -> None:
        self._under_way.discard(attempt)
        ended_well = not attempt.cancelled() and attempt.exception() is None
        self._limit.release(succeeded=ended_well and attempt.result().succeeded)
