"""Delivers to one endpoint, for as long as this process has the lease of it.

    feed ──► round ──► each object's events one after the other, objects side by side
               │
               ├─ taken ──────► noted; the endpoint's position moves on
               └─ not taken, ─► the object gets a lane: its events from here on go by it, on the schedule,
                  or slow       while those of all others go on by rounds

A round is noted when all its events were taken, failed, or have been under way for so long that they were moved to
lanes. Nothing is sent on before what came before it, of the same object, was answered with 2xx or was given up. All is
sent again that was sent but not noted: at least once, and the first time in order.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

import msgspec
import structlog
from msgspec import structs

from dues.domain.ids import new_id
from dues.events.envelope import envelope
from dues.events.store import Event, list_events_after
from dues.webhooks import schedule, store
from dues.webhooks.disable import disable
from dues.webhooks.reach import Reach
from dues.webhooks.sending import Outcome, Sender
from dues.webhooks.signing import signed_headers
from dues.webhooks.store import Behind, Delivered, Health, Lane, Lease
from dues.webhooks.window import Window

ROUND_SIZE: Final = 200
"""Events that are read, and held in memory, at a time."""

LANES_MAX: Final = 32
"""Lanes that are tried at a time."""

PATIENCE_SECONDS: Final = 1.0
"""An object whose event takes longer than this goes by a lane, so that nobody waits for it."""

LANES_MAX_WHEN_FAILING: Final = 4
"""Lanes that are tried at a time at an endpoint that takes nothing: each may be an attempt of many seconds."""

IDLE_SECONDS: Final = 10.0
"""How long an endpoint is kept while there is nothing to send: the next event finds everything ready."""

LEASE_SECONDS: Final = 6.0

PAUSE_SECONDS: Final = 5.0
"""After what should not happen, such as a database that is away."""

_log = structlog.get_logger()


class LeaseLostError(Exception):
    """Somebody else delivers to the endpoint now, or nobody should."""


@dataclass(eq=False)
class Chain:
    """The events of one object in a round, and what became of those that were sent."""

    events: Sequence[Event]
    results: list[tuple[Event, Outcome]] = field(default_factory=list)
    sending: "asyncio.Task[Outcome] | None" = None
    task: "asyncio.Task[None] | None" = None

    @property
    def is_whole(self) -> bool:
        """Whether every event was taken."""
        return len(self.results) == len(self.events) and self.results[-1][1].succeeded


class Courier:
    """`run` returns when there has been nothing to send for a while, or somebody else should."""

    def __init__(self, reach: Reach, lease: Lease) -> None:
        self._reach = reach
        self._lease = lease
        self._sender = Sender(allow_private=reach.allow_private)
        self._window = Window()
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._sends: set[asyncio.Task[Outcome]] = set()
        self._position = lease.position
        self._health = self._noted_health = _health_of(lease)
        self._read_at = asyncio.get_running_loop().time()
        self._noting = asyncio.Lock()
        self._lane_ended = asyncio.Event()

    async def run(self) -> None:
        """Delivers. Raises nothing but Unavailable and the like."""
        idle_since = asyncio.get_running_loop().time()
        try:
            while not self._reach.news.closing:
                bell = self._reach.news.bell(self._lease.tenant_id)
                self._lane_ended.clear()
                await self._look()
                await self._start_lanes()
                progressed = await self._round()
                if progressed or self._lanes:
                    idle_since = asyncio.get_running_loop().time()
                elif asyncio.get_running_loop().time() - idle_since > IDLE_SECONDS:
                    return
                if not progressed:
                    await self._wait(bell)
        except LeaseLostError:
            return
        finally:
            under_way = [*self._lanes.values(), *self._sends]
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            await self._sender.aclose()

    async def _look(self) -> None:
        """Reads the endpoint as it is now. Raises LeaseLostError."""
        async with self._noting:
            read_at = asyncio.get_running_loop().time()
            lease = await store.find_leased(self._reach.database, _now(), self._lease)
            if lease is None:
                raise LeaseLostError
            self._lease, self._read_at = lease, read_at
            if _health_of(lease) != self._noted_health:  # somebody changed the endpoint: it begins anew
                self._health = self._noted_health = _health_of(lease)

    @property
    def _time(self) -> datetime:
        """What time it is for the tenant."""
        return self._lease.now + timedelta(seconds=asyncio.get_running_loop().time() - self._read_at)

    async def _wait(self, bell: asyncio.Event) -> None:
        """Until there may be something to do: events, the end of a lane, the time of another, the end of a hold."""
        now = self._time
        soon = [time for time in (self._lease.next_lane_at, self._health.held_until) if time and time > now]
        seconds = min([(time - now).total_seconds() for time in soon] + [1.0])
        waiting = [asyncio.ensure_future(bell.wait()), asyncio.ensure_future(self._lane_ended.wait())]
        try:
            await asyncio.wait(waiting, timeout=max(seconds, 0.005), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    # What is new ------------------------------------------------------------------------------------------------

    async def _round(self) -> bool:
        """Sends what is new; whether there was anything."""
        lease, held_until = self._lease, self._health.held_until
        if (held_until is not None and held_until > self._time) or len(self._lanes) >= LANES_MAX:
            return False
        to = await self._reach.horizon.complete_to()
        types = self._types
        events = await list_events_after(
            self._reach.database, lease.tenant_id, types, self._position, to, ROUND_SIZE, None
        )
        if not events:
            return False
        position = events[-1].position if len(events) == ROUND_SIZE else max(to, self._position)
        ours = [one for one in events if one.type != "webhook_endpoint.test" or one.object_id == lease.id]
        behind = await store.find_objects_behind(self._reach.database, lease, list({one.object_id for one in ours}))
        fresh = [one for one in ours if one.object_id not in behind]
        if self._health.failures >= schedule.FAILURES_MAX and fresh:
            # A probe: the oldest alone, and not beyond it.
            ours = [one for one in ours if one.position <= fresh[0].position]
            fresh, position = fresh[:1], fresh[0].position
        by_object = sorted(fresh, key=lambda one: one.object_id)
        chains = [Chain(list(chain)) for _, chain in groupby(by_object, key=lambda one: one.object_id)]
        await self._send_chains(chains)
        skipped = [one for one in ours if one.object_id in behind]
        await self._note_round(position, chains, skipped)
        return True

    async def _send_chains(self, chains: Sequence[Chain]) -> None:
        for chain in chains:
            chain.task = asyncio.create_task(self._send_chain(chain))
        tasks = [chain.task for chain in chains if chain.task]
        slow = set(tasks)
        while slow:
            done, slow = await asyncio.wait(slow, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
        for task in slow:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_chain(self, chain: Chain) -> None:
        for event in chain.events:
            chain.sending = await self._begin(event)
            # Whoever loses patience with the chain leaves this attempt under way: a lane takes it over.
            outcome = await asyncio.shield(chain.sending)
            chain.sending = None
            chain.results.append((event, outcome))
            if not outcome.succeeded:
                return

    async def _note_round(self, position: int, chains: Sequence[Chain], skipped: Sequence[Event]) -> None:
        now = self._time
        delivered: list[Delivered] = []
        behind: dict[str, Behind] = {}
        under_way: list[tuple[Lane, asyncio.Task[Outcome]]] = []
        for chain in chains:
            for event, outcome in chain.results:
                delivered.append(self._delivered(event, outcome, 1))
            if chain.is_whole:
                continue
            failed = chain.results[-1][0] if chain.results and not chain.results[-1][1].succeeded else None
            first = failed or chain.events[len(chain.results)]
            next_at = (delivered[-1].next_attempt_at or now) if failed else now
            lane_id = new_id("lane_", _now())
            behind[first.object_id] = Behind(lane_id, first.object_id, first.position, 1 if failed else 0, next_at)
            if chain.sending:
                lane = Lane(lane_id, first.object_id, first.position, None, False, 0)
                under_way.append((lane, chain.sending))
        for event in skipped:
            # Its lane may have ended meanwhile: then it needs another.
            behind.setdefault(event.object_id, Behind(new_id("lane_", _now()), event.object_id, event.position, 0, now))
        async with self._noting:
            await self._save(position, delivered, list(behind.values()))
            self._position = max(self._position, position)
        for lane, sending in under_way:
            self._start_lane(lane, sending)
        await self._disable_if_hopeless([outcome for chain in chains for _, outcome in chain.results])

    # Lanes ------------------------------------------------------------------------------------------------------

    async def _start_lanes(self) -> None:
        """Starts lanes whose time has come."""
        failing = self._health.failures >= schedule.FAILURES_MAX
        room = (LANES_MAX_WHEN_FAILING if failing else LANES_MAX) - len(self._lanes)
        if self._lease.next_lane_at is None or self._lease.next_lane_at > self._lease.now or room <= 0:
            return
        due = await store.list_due_lanes(self._reach.database, self._lease, list(self._lanes), room)
        for lane in due:
            self._start_lane(lane, None)

    def _start_lane(self, lane: Lane, sending: "asyncio.Task[Outcome] | None") -> None:
        self._lanes[lane.id] = asyncio.create_task(self._see_lane_through(lane, sending))

    async def _see_lane_through(self, lane: Lane, sending: "asyncio.Task[Outcome] | None") -> None:
        try:
            await self._run_lane(lane, sending)
        except LeaseLostError:
            pass  # the courier finds out too
        except Exception as error:
            _log.warning("delivery_postponed", endpoint_id=self._lease.id, reason=type(error).__name__)
            # By what is noted of it, it may be due at once. Whatever is wrong, again and again is worse.
            await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._lanes.pop(lane.id, None)
            self._lane_ended.set()

    async def _run_lane(self, lane: Lane, sending: "asyncio.Task[Outcome] | None") -> None:
        """Sends the events of a lane until one fails or none is left."""
        database = self._reach.database
        while True:
            async with self._noting:
                event = await store.find_next_of_lane(database, self._lease, lane, self._position, self._types)
                if event is None:
                    if not await store.delete_lane(database, self._lease, lane):
                        raise LeaseLostError
                    return
            outcome, sending = await (sending or await self._begin(event)), None
            attempts = (lane.attempts if event.position == lane.position else 0) + 1
            told = self._delivered(event, outcome, attempts)
            if told.status == "pending":
                lane = structs.replace(lane, position=event.position, attempts=attempts)
            else:
                lane = structs.replace(lane, position=event.position + 1, attempts=0)
            async with self._noting:
                await self._save(self._position, [told], [])
                # Whoever dies now finds it due; whoever goes on does so at once.
                if not await store.save_lane(database, self._lease, lane, told.next_attempt_at or self._time):
                    raise LeaseLostError
            await self._disable_if_hopeless([outcome])
            if told.status == "pending":
                return

    # Both -------------------------------------------------------------------------------------------------------

    async def _begin(self, event: Event) -> "asyncio.Task[Outcome]":
        """An attempt. It has its place among those under way until it ends, whoever waits for it."""
        await self._window.take()
        sending = asyncio.create_task(self._send(event))
        self._sends.add(sending)
        sending.add_done_callback(self._ended)
        return sending

    def _ended(self, sending: "asyncio.Task[Outcome]") -> None:
        self._sends.discard(sending)
        ended_well = not sending.cancelled() and sending.exception() is None
        self._window.give_back(succeeded=ended_well and sending.result().succeeded)

    async def _send(self, event: Event) -> Outcome:
        async with self._reach.room:
            body = envelope(event)
            headers = signed_headers(self._lease.secrets, event.id, _now(), body)
            headers |= {"dues-object": event.object_id, "dues-sequence": str(event.sequence)}
            return await self._sender.send(self._lease.url, headers, body)

    def _delivered(self, event: Event, outcome: Outcome, attempts: int) -> Delivered:
        """What is noted of an attempt; and what it says of the endpoint's health."""
        now, next_at, was = self._time, None, self._health
        if outcome.succeeded:
            status = "succeeded"
            self._health = Health()
            if was.failures >= schedule.FAILURES_MAX:
                self._back = True
        else:
            next_at = schedule.next_attempt_at(attempts, now, outcome.retry_after)
            status = "pending" if next_at else "failed"
            held = schedule.hold(was.failures, was.held_until, now, outcome.retry_after)
            self._health = Health(held.failures, was.failing_since or now, held.until)
        attempt = {
            "at": now - timedelta(milliseconds=outcome.duration_ms),
            "status": outcome.status,
            "error": outcome.error,
            "duration_ms": outcome.duration_ms,
            "answer": outcome.answer,
        }
        told = {name: value for name, value in attempt.items() if value is not None}
        self._reach.observe(outcome.succeeded, outcome.duration_ms / 1000)
        return Delivered(event, status, msgspec.json.encode([told]).decode(), next_at)

    _back = False
    """Whether the endpoint has just come back, so that everything that waits for it may go on."""

    async def _save(self, position: int, delivered: Sequence[Delivered], behind: Sequence[Behind]) -> None:
        """Notes progress. Raises LeaseLostError."""
        database, until = self._reach.database, _now() + timedelta(seconds=LEASE_SECONDS)
        health = self._health
        if not await store.save_progress(database, self._lease, until, position, health, delivered, behind):
            raise LeaseLostError
        self._noted_health = health
        if self._back:
            self._back = False
            await store.save_lanes_due(database, self._lease)

    async def _disable_if_hopeless(self, outcomes: Sequence[Outcome]) -> None:
        since = self._health.failing_since
        if any(outcome.status == 410 for outcome in outcomes):
            await disable(self._reach, self._lease, "gone")
        elif since and self._time - since >= schedule.GIVE_UP_AFTER:
            await disable(self._reach, self._lease, "failing")

    @property
    def _types(self) -> Sequence[str]:
        if self._lease.event_types is None:
            return self._reach.types
        return [*self._lease.event_types, "webhook_endpoint.test"]


def _health_of(lease: Lease) -> Health:
    return Health(lease.failures, lease.failing_since, lease.held_until)


def _now() -> datetime:
    return datetime.now(UTC)
