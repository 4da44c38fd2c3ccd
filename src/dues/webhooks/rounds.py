"""Rounds: what is new for an endpoint, some hundred events at a time.

    feed ──► round ──► each object's events one after the other, objects side by side
               │
               ├─ taken ──────► noted; the endpoint's position moves on
               └─ not taken, ─► the object gets a lane: its events from here on go by it, on the schedule,
                  or slow       while those of all others go on by rounds

A round is noted when all its events were taken, failed, or have been under way for so long that they were moved to
lanes.
"""

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from msgspec import Struct

from dues.domain.ids import new_id
from dues.events.store import Event, Place, list_events_after
from dues.webhooks import store
from dues.webhooks.attempts import Attempt, Attempts
from dues.webhooks.context import DeliveryContext
from dues.webhooks.lanes import Lanes
from dues.webhooks.outcome import Outcome
from dues.webhooks.progress import Progress
from dues.webhooks.store import Delivery, Lane, NewLane

ROUND_SIZE: Final = 200
"""Events that are read, and held in memory, at a time."""

PATIENCE_SECONDS: Final = 1.0
"""An object whose event takes longer than this goes by a lane, so that nobody waits for it."""


@dataclass(eq=False)
class Chain:
    """The events of one object in a round, and what became of those that were sent."""

    events: Sequence[Event]
    results: list[tuple[Event, Outcome]] = field(default_factory=list)
    attempt: Attempt | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every event was taken."""
        return len(self.results) == len(self.events) and self.results[-1][1].succeeded

    @property
    def first_not_taken(self) -> Event:
        """The event that a lane begins with."""
        return self.results[-1][0] if self.has_failed else self.events[len(self.results)]

    @property
    def has_failed(self) -> bool:
        """Whether it ended with an event that was not taken."""
        return bool(self.results) and not self.results[-1][1].succeeded


class Round(Struct, frozen=True):
    """What is sent in a round, and where the endpoint's position is after it. `behind` goes by lanes."""

    chains: Sequence[Chain]
    behind: Sequence[Event]
    position: int


def plan_round(events: Sequence[Event], behind: Set[str], position: int, *, is_probe: bool) -> Round:
    """A round with these events, which come before `position`; those of the objects `behind` go by lanes.

    A probe sends the oldest alone, and does not go beyond it.
    """
    fresh = [one for one in events if one.object_id not in behind]
    if is_probe and fresh:
        fresh, position = fresh[:1], fresh[0].position
    by_object = sorted(fresh, key=lambda one: one.object_id)
    chains = [Chain(list(chain)) for _, chain in groupby(by_object, key=lambda one: one.object_id)]
    return Round(chains, [one for one in events if one.object_id in behind and one.position <= position], position)


class Rounds:
    """The rounds of one endpoint."""

    def __init__(self, context: DeliveryContext, progress: Progress, attempts: Attempts, lanes: Lanes) -> None:
        self._context = context
        self._progress = progress
        self._attempts = attempts
        self._lanes = lanes

    async def run(self) -> bool:
        """Sends what is new; whether there was anything."""
        if self._progress.health.is_held(self._progress.now) or self._lanes.are_full:
            return False
        planned = await self._plan()
        if planned is None:
            return False
        await self._send(planned.chains)
        await self._note(planned)
        return True

    async def _plan(self) -> Round | None:
        database, progress, lease = self._context.database, self._progress, self._progress.lease
        to = await self._context.watermark.stable_position(lease.tenant.cell)
        after = Place(progress.position, 0)
        events = await list_events_after(database, lease.tenant, progress.types, after, to, ROUND_SIZE, None)
        if not events:
            return None
        position = events[-1].position if len(events) == ROUND_SIZE else max(to, progress.position)
        ours = [one for one in events if one.type != "webhook_endpoint.test" or one.object_id == lease.id]
        behind = await store.find_objects_behind(database, lease, list({one.object_id for one in ours}))
        return plan_round(ours, behind, position, is_probe=progress.health.is_failing)

    async def _send(self, chains: Sequence[Chain]) -> None:
        """Sends all chains side by side, until each is through or none has moved for too long."""
        tasks = [asyncio.create_task(self._send_chain(chain)) for chain in chains]
        try:
            slow = set(tasks)
            while slow:
                done, slow = await asyncio.wait(slow, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    return
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_chain(self, chain: Chain) -> None:
        for event in chain.events:
            chain.attempt = await self._attempts.begin(event)
            # Whoever loses patience with the chain leaves this attempt under way: a lane takes it over.
            outcome = await asyncio.shield(chain.attempt)
            chain.attempt = None
            chain.results.append((event, outcome))
            if not outcome.succeeded:
                return

    async def _note(self, sent: Round) -> None:
        deliveries: list[Delivery] = []
        lanes: dict[str, NewLane] = {}
        under_way: list[tuple[Lane, Attempt]] = []
        for chain in sent.chains:
            deliveries += [self._progress.judge(event, outcome, 1) for event, outcome in chain.results]
            if chain.is_whole:
                continue
            lane = self._new_lane(chain, deliveries[-1] if chain.has_failed else None)
            lanes[lane.object_id] = lane
            if chain.attempt:
                under_way.append((Lane(lane.id, lane.object_id, lane.sequence), chain.attempt))
        for event in sent.behind:
            # Its lane may have ended meanwhile: then it needs another.
            lanes.setdefault(event.object_id, _lane_from(event, self._progress.now))
        await self._progress.save_round(sent.position, deliveries, list(lanes.values()))
        for begun, attempt in under_way:
            self._lanes.start(begun, attempt)
        await self._progress.disable_if_hopeless([outcome for chain in sent.chains for _, outcome in chain.results])

    def _new_lane(self, chain: Chain, failed: Delivery | None) -> NewLane:
        """The lane by which an object goes on whose event was not taken yet."""
        now = self._progress.now
        if failed is None:
            return _lane_from(chain.first_not_taken, now)
        return _lane_from(chain.first_not_taken, failed.next_attempt_at or now, attempts=1)


def _lane_from(event: Event, next_attempt_at: datetime, attempts: int = 0) -> NewLane:
    lane_id = new_id("lane_", datetime.now(UTC))
    return NewLane(lane_id, event.object_id, event.sequence, attempts, next_attempt_at)
