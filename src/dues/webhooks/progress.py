"""How far deliveries to one endpoint are, and how it is: as its worker knows it, and as it is noted in the database."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from dues.events.store import Event
from dues.webhooks import schedule, store
from dues.webhooks.context import DeliveryContext
from dues.webhooks.disable import disable
from dues.webhooks.health import Health, after_failure, after_success, reason_to_disable
from dues.webhooks.leases.secrets import readable
from dues.webhooks.leases.store import Lease, find_leased
from dues.webhooks.outcome import Outcome
from dues.webhooks.store import Delivery, Lane, MovedLane, NewLane

LEASE_SECONDS: Final = 6.0

PAUSE_SECONDS: Final = 5.0
"""After what should not happen, such as a database that is away."""


class LeaseLostError(Exception):
    """Somebody else delivers to the endpoint now, or nobody should."""


class Progress:
    """Shared by the rounds and the lanes of one endpoint. What notes anything does so under `noting`, one at a time."""

    def __init__(self, context: DeliveryContext, lease: Lease) -> None:
        self._context = context
        self.lease = lease
        self.position = lease.position
        self.health = self._noted_health = _health_of(lease)
        self.noting = asyncio.Lock()
        self._read_at = asyncio.get_running_loop().time()
        self._is_back = False

    async def refresh(self) -> None:
        """Reads the endpoint as it is now. Raises LeaseLostError, UnreadableSecretError."""
        async with self.noting:
            read_at = asyncio.get_running_loop().time()
            lease = await find_leased(self._context.database, datetime.now(UTC), self.lease)
            if lease is None:
                raise LeaseLostError
            self.lease, self._read_at = readable(lease, self._context.outgoing.secret_keys), read_at
            if _health_of(lease) != self._noted_health:  # somebody changed the endpoint: it begins anew
                self.health = self._noted_health = _health_of(lease)

    @property
    def now(self) -> datetime:
        """What time it is for the tenant."""
        return self.lease.now + timedelta(seconds=asyncio.get_running_loop().time() - self._read_at)

    @property
    def types(self) -> Sequence[str]:
        """What the endpoint is sent."""
        if self.lease.event_types is None:
            return self._context.types
        return list(dict.fromkeys([*self.lease.event_types, "webhook_endpoint.test"]))

    def judge(self, event: Event, outcome: Outcome, attempts: int) -> Delivery:
        """What is to be noted of an attempt, the event's so-manieth; the endpoint's health is from now on by it."""
        now, next_at = self.now, None
        if outcome.succeeded:
            status = "succeeded"
            self._is_back |= self.health.is_failing
            self.health = after_success()
        else:
            next_at = schedule.next_attempt_at(attempts, now, outcome.retry_after)
            status = "pending" if next_at else "failed"
            self.health = after_failure(self.health, now, outcome.retry_after)
        self._context.observe(outcome.succeeded, outcome.duration_ms / 1000)
        return Delivery(event, status, _attempt_json(outcome, now), next_at)

    async def save_round(self, position: int, deliveries: Sequence[Delivery], lanes: Sequence[NewLane]) -> None:
        """Notes what came of a round, which went up to `position`. Raises LeaseLostError."""
        async with self.noting:
            await self._save(position, deliveries, lanes, None)
            self.position = max(self.position, position)

    async def save_lane(self, delivery: Delivery, lane: Lane) -> None:
        """Notes what came of a lane's event, and how far the lane is. Raises LeaseLostError."""
        # Whoever dies now finds it due; whoever goes on does so at once.
        due_at = delivery.next_attempt_at or self.now
        moved = MovedLane(lane.id, lane.sequence, lane.attempts, due_at)
        async with self.noting:
            await self._save(self.position, [delivery], [], moved)

    async def _save(
        self, position: int, deliveries: Sequence[Delivery], lanes: Sequence[NewLane], moved: MovedLane | None
    ) -> None:
        database, until = self._context.database, datetime.now(UTC) + timedelta(seconds=LEASE_SECONDS)
        health = self.health
        if not await store.save_progress(database, self.lease, until, position, health, deliveries, lanes, moved):
            raise LeaseLostError
        self._noted_health = health
        if self._is_back:  # everything that waits for it may go on
            self._is_back = False
            await store.save_lanes_due(database, self.lease)

    async def disable_if_hopeless(self, outcomes: Sequence[Outcome]) -> None:
        """Gives the endpoint up where these outcomes, or all of late, say so."""
        if reason := reason_to_disable(self.health, [outcome.status for outcome in outcomes], self.now):
            await disable(self._context, self.lease, reason)


def _attempt_json(outcome: Outcome, now: datetime) -> str:
    """An attempt as it is kept."""
    attempt = {
        "at": now - timedelta(milliseconds=outcome.duration_ms),
        "status": outcome.status,
        "error": outcome.error,
        "duration_ms": outcome.duration_ms,
        "answer": outcome.answer,
    }
    return msgspec.json.encode([{name: value for name, value in attempt.items() if value is not None}]).decode()


def _health_of(lease: Lease) -> Health:
    return Health(lease.failures, lease.failing_since, lease.held_until)
