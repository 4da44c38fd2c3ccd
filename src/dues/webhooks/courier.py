"""Delivers to one endpoint, for as long as this process has the lease of it.

    feed ──► round ──► each object's events one after the other, objects side by side
               │
               ├─ taken ──────► noted; the endpoint's position moves on
               └─ not taken, ─► the object gets a lane: its events from here on go by it, on the schedule,
                  or slow       while those of all others go on by rounds

A round is noted when all its events were taken or failed, or are the last to be waited for. Nothing is sent before
what came before it, of the same object, was taken or given up. What was sent but not noted is sent again: at least
once, and the first time in order.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from msgspec import structs

from dues.domain.ids import new_id
from dues.events.envelope import envelope
from dues.events.store import Event, list_events_after
from dues.webhooks import store
from dues.webhooks.chains import Chain, chains_of, send_chains
from dues.webhooks.disable import disable
from dues.webhooks.lanes.store import (
    Lane,
    delete_lane,
    find_next_of_lane,
    find_objects_behind,
    list_due_lanes,
    save_lane,
    save_lanes_due,
)
from dues.webhooks.leases.store import Lease, find_leased
from dues.webhooks.reach import Reach
from dues.webhooks.sending import Outcome, Sender
from dues.webhooks.signing import signed_headers
from dues.webhooks.store import Behind, Delivered, Health
from dues.webhooks.telling import health_after, is_broken, is_hopeless, told_of

ROUND_SIZE: Final = 200
"""Events that are read, and held in memory, at a time."""

IN_FLIGHT_MAX: Final = 32
"""Requests under way to one endpoint."""

ASIDE: Final = timedelta(seconds=60)
"""When a lane is tried anew whose process died while its first event was under way; longer than any attempt."""

IDLE_SECONDS: Final = 10.0
"""How long an endpoint is kept while there is nothing to send: the next event finds everything ready."""

LEASE_SECONDS: Final = 6.0

PAUSE_SECONDS: Final = 5.0
"""After what should not happen, such as a database that is away."""

_log = structlog.get_logger()


class LeaseLostError(Exception):
    """Somebody else delivers to the endpoint now, or nobody should."""


class Courier:
    """`run` returns when there has been nothing to send for a while, or somebody else should."""

    def __init__(self, reach: Reach, lease: Lease) -> None:
        self._reach = reach
        self._lease = lease
        self._sender = Sender(allow_private=reach.allow_private)
        self._room = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._sends: set[asyncio.Task[Outcome]] = set()
        self._position = lease.position
        self._health = Health(lease.failures, lease.failing_since, lease.held_until)
        self._is_back = False
        """Whether the endpoint was broken and has just taken something: everything that waits for it may go on."""
        self._noting = asyncio.Lock()
        self._lane_ended = asyncio.Event()

    async def run(self) -> None:
        """Delivers. Raises nothing but Unavailable and the like."""
        idle_since = _clock()
        try:
            while not self._reach.news.closing:
                bell = self._reach.news.bell(self._lease.tenant_id)
                self._lane_ended.clear()
                lease = await find_leased(self._reach.database, _now(), self._lease, self._reach.holder)
                if lease is None:
                    return
                self._lease = lease
                await self._start_lanes()
                progressed = await self._round()
                if progressed or self._lanes:
                    idle_since = _clock()
                elif _clock() - idle_since > IDLE_SECONDS:
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

    async def _wait(self, bell: asyncio.Event) -> None:
        """Until there may be something to do: events, the end of a lane, the time of another, the end of a hold."""
        soon = [time for time in (self._lease.next_lane_at, self._health.held_until) if time and time > self._lease.now]
        seconds = min([(time - self._lease.now).total_seconds() for time in soon] + [1.0])
        waiting = [asyncio.ensure_future(bell.wait()), asyncio.ensure_future(self._lane_ended.wait())]
        try:
            await asyncio.wait(waiting, timeout=max(seconds, 0.005), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    async def _round(self) -> bool:
        """Sends what is new; whether there was anything."""
        lease, database, held_until = self._lease, self._reach.database, self._health.held_until
        if held_until is not None and held_until > lease.now:
            return False
        to = await self._reach.horizon.complete_to()
        events = await list_events_after(database, lease.tenant_id, self._types, self._position, to, ROUND_SIZE, None)
        if not events:
            return False
        position = events[-1].position if len(events) == ROUND_SIZE else max(to, self._position)
        ours = [one for one in events if one.type != "webhook_endpoint.test" or one.object_id == lease.id]
        behind = await find_objects_behind(database, lease, list({one.object_id for one in ours}))
        fresh = [one for one in ours if one.object_id not in behind]
        if is_broken(self._health) and fresh:
            # A probe: the oldest alone, and not beyond it.
            ours = [one for one in ours if one.position <= fresh[0].position]
            fresh, position = fresh[:1], fresh[0].position
        chains = chains_of(fresh)
        await send_chains(chains, self._send_soon)
        await self._note_round(position, chains, [one for one in ours if one.object_id in behind])
        return True

    async def _note_round(self, position: int, chains: Sequence[Chain], skipped: Sequence[Event]) -> None:
        now = self._lease.now
        delivered: list[Delivered] = []
        behind: dict[str, Behind] = {}
        under_way: list[tuple[Lane, asyncio.Task[Outcome]]] = []
        for chain in chains:
            delivered += [self._tell(event, outcome, 1) for event, outcome in chain.results]
            if (first := chain.next) is None:
                continue
            next_at = delivered[-1].next_attempt_at if chain.failed else now + ASIDE if chain.sending else now
            lane = Lane(new_id("lane_", _now()), first.object_id, first.position, None, False, int(chain.failed))
            behind[first.object_id] = Behind(lane, next_at or now)
            if chain.sending:
                under_way.append((lane, chain.sending))
        for event in skipped:
            # Its lane may have ended meanwhile: then it needs another.
            lane = Lane(new_id("lane_", _now()), event.object_id, event.position, None, False, 0)
            behind.setdefault(event.object_id, Behind(lane, now))
        async with self._noting:
            await self._save(position, delivered, list(behind.values()))
            self._position = max(self._position, position)
        for lane, sending in under_way:
            self._start_lane(lane, sending)
        await self._disable_if_hopeless([outcome for chain in chains for _, outcome in chain.results])

    async def _start_lanes(self) -> None:
        """Starts lanes whose time has come."""
        room = IN_FLIGHT_MAX - len(self._lanes)
        if self._lease.next_lane_at is None or self._lease.next_lane_at > self._lease.now or room <= 0:
            return
        for lane in await list_due_lanes(self._reach.database, self._lease, list(self._lanes), room):
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
        """Sends the events of a lane until one fails or none is left. The first may be under way already."""
        database = self._reach.database
        while True:
            async with self._noting:
                event = await find_next_of_lane(database, self._lease, lane, self._position, self._types)
                if event is None:
                    await delete_lane(database, self._lease, lane)
                    return
            outcome = await (sending or await self._send_soon(event))
            sending = None
            told = self._tell(event, outcome, (lane.attempts if event.position == lane.position else 0) + 1)
            again = told.status == "pending"
            if again:
                attempts = lane.attempts + 1 if event.position == lane.position else 1
                lane = structs.replace(lane, position=event.position, attempts=attempts)
            else:
                lane = structs.replace(lane, position=event.position + 1, attempts=0)
            async with self._noting:
                await self._save(self._position, [told], [])
                # Whoever dies now finds it due; whoever goes on does so at once.
                await save_lane(database, self._lease, lane, told.next_attempt_at or self._lease.now)
            await self._disable_if_hopeless([outcome])
            if again:
                return

    async def _send_soon(self, event: Event) -> "asyncio.Task[Outcome]":
        """Begins to send an event when there is room for it."""
        await self._room.acquire()
        task = asyncio.create_task(self._send(event))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)
        task.add_done_callback(lambda _: self._room.release())
        return task

    async def _send(self, event: Event) -> Outcome:
        async with self._reach.room:
            body = envelope(event)
            headers = signed_headers(self._lease.secrets, event.id, _now(), body)
            headers |= {"dues-object": event.object_id, "dues-sequence": str(event.sequence)}
            outcome = await self._sender.send(self._lease.url, headers, body)
            self._reach.observe(outcome.succeeded, outcome.duration_ms / 1000)
            return outcome

    def _tell(self, event: Event, outcome: Outcome, attempts: int) -> Delivered:
        """What is to be noted of an attempt; and what it says of the endpoint's health."""
        self._is_back |= outcome.succeeded and is_broken(self._health)
        self._health = health_after(self._health, outcome, self._lease.now)
        return told_of(event, outcome, attempts, self._lease.now)

    async def _save(self, position: int, delivered: Sequence[Delivered], behind: Sequence[Behind]) -> None:
        """Notes progress. Raises LeaseLostError."""
        reach, until = self._reach, _now() + timedelta(seconds=LEASE_SECONDS)
        progress = store.Progress(position, self._health, delivered, behind)
        if not await store.save_progress(reach.database, self._lease, reach.holder, until, progress):
            raise LeaseLostError
        if self._is_back:
            self._is_back = False
            await save_lanes_due(reach.database, self._lease)

    async def _disable_if_hopeless(self, outcomes: Sequence[Outcome]) -> None:
        if any(outcome.status == 410 for outcome in outcomes):
            await disable(self._reach, self._lease, "gone")
        elif is_hopeless(self._health, self._lease.now):
            await disable(self._reach, self._lease, "failing")

    @property
    def _types(self) -> Sequence[str]:
        if self._lease.event_types is None:
            return self._reach.types
        return [*self._lease.event_types, "webhook_endpoint.test"]


def _now() -> datetime:
    return datetime.now(UTC)


def _clock() -> float:
    return asyncio.get_running_loop().time()
