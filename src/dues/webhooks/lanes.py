"""Lanes: the events of one object that one endpoint has still to get, one after the other.

An object gets a lane when an event of it was not taken, or is to be sent again. Each lane goes on by the schedule of
its own event, whatever others do; it ends when it has caught up with the rounds, or with what was asked for.
"""

import asyncio
from typing import Final

from msgspec import structs

from dues.background import report
from dues.events.store import Event
from dues.webhooks import store
from dues.webhooks.attempts import Attempt, Attempts
from dues.webhooks.context import DeliveryContext
from dues.webhooks.progress import PAUSE_SECONDS, LeaseLostError, Progress
from dues.webhooks.resends.store import insert_lanes_of_resend
from dues.webhooks.store import Lane

LANES_MAX: Final = 32
"""Lanes that are tried at a time."""

LANES_AGAIN_MAX: Final = 16
"""Lanes of what was asked for again that are tried at a time: the others are for what is new."""

LANES_MAX_WHEN_FAILING: Final = 4
"""Lanes that are tried at a time at an endpoint that takes nothing: each may be an attempt of many seconds."""


class Lanes:
    """The lanes of one endpoint."""

    def __init__(self, context: DeliveryContext, progress: Progress, attempts: Attempts) -> None:
        self._database = context.database
        self._progress = progress
        self._attempts = attempts
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self.ended = asyncio.Event()
        """Is set when a lane ends."""

    def __len__(self) -> int:
        """How many run."""
        return len(self._running)

    @property
    def are_full(self) -> bool:
        """Whether so many run that nothing new should be tried."""
        return len(self) >= LANES_MAX

    async def start_due(self) -> None:
        """Starts lanes whose time has come."""
        lease = self._progress.lease
        room = (LANES_MAX_WHEN_FAILING if self._progress.health.is_failing else LANES_MAX) - len(self)
        if lease.next_lane_at is None or lease.next_lane_at > lease.now or room <= 0:
            return
        again = LANES_AGAIN_MAX - len(self._again)
        for lane in await store.list_due_lanes(self._database, lease, list(self._running), room, again > 0):
            if lane.last_sequence is not None:
                again -= 1
                if again < 0:
                    continue
            self.start(lane, None)

    async def begin_resend(self) -> bool:
        """Makes the next lanes of what is to be sent again; whether there were any."""
        progress = self._progress
        if not progress.lease.is_resending or progress.health.is_failing or progress.health.is_held(progress.now):
            return False
        async with progress.noting:
            number = await insert_lanes_of_resend(self._database, progress.lease, progress.types, 2 * LANES_AGAIN_MAX)
        return number > 0

    def start(self, lane: Lane, attempt: Attempt | None) -> None:
        """Starts a lane, which goes on with an attempt that is under way if there is one."""
        self._running[lane.id] = asyncio.create_task(self._see_through(lane, attempt))
        if lane.last_sequence is not None:
            self._again.add(lane.id)

    async def aclose(self) -> None:
        """Ends all lanes. They go on where they were, some other time."""
        running = list(self._running.values())
        for lane in running:
            lane.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _see_through(self, lane: Lane, attempt: Attempt | None) -> None:
        try:
            await self._run(lane, attempt)
        except LeaseLostError:
            pass  # the worker finds out too
        except Exception as error:
            report("delivery", error, endpoint_id=self._progress.lease.id)
            # By what is noted of it, it may be due at once. Whatever is wrong, again and again is worse.
            await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._running.pop(lane.id, None)
            self._again.discard(lane.id)
            self.ended.set()

    async def _run(self, lane: Lane, attempt: Attempt | None) -> None:
        """Sends the events of a lane until one is not taken or none is left."""
        while event := await self._next_or_end(lane):
            outcome, attempt = await (attempt or await self._attempts.begin(event)), None
            attempts = (lane.attempts if event.sequence == lane.sequence else 0) + 1
            delivery = self._progress.judge(event, outcome, attempts)
            is_pending = delivery.status == "pending"
            if is_pending:
                lane = structs.replace(lane, sequence=event.sequence, attempts=attempts)
            else:
                lane = structs.replace(lane, sequence=event.sequence + 1, attempts=0)
            await self._progress.save_lane(delivery, lane)
            await self._progress.disable_if_hopeless([outcome])
            if is_pending:
                return

    async def _next_or_end(self, lane: Lane) -> Event | None:
        """A lane's next event; where there is none, the lane is ended."""
        progress = self._progress
        async with progress.noting:
            event = await store.find_next_of_lane(
                self._database, progress.lease, lane, progress.position, progress.types
            )
            if event is None and not await store.delete_lane(self._database, progress.lease, lane):
                raise LeaseLostError
            return event
