"""Sends events of many objects side by side, and those of each object one after the other."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from dues.events.store import Event
from dues.webhooks.sending import Outcome

PATIENCE_SECONDS: Final = 1.0
"""Whoever is the last to be waited for is not waited for longer than this."""

Send = Callable[[Event], Coroutine[Any, Any, "asyncio.Task[Outcome]"]]
"""Begins to send an event, when there is room for it."""


@dataclass(eq=False)
class Chain:
    """The events of one object, what became of those that were sent, and the one that is under way."""

    events: Sequence[Event]
    results: list[tuple[Event, Outcome]] = field(default_factory=list)
    sending: "asyncio.Task[Outcome] | None" = None

    @property
    def failed(self) -> bool:
        """Whether its last event was not taken."""
        return bool(self.results) and not self.results[-1][1].succeeded

    @property
    def next(self) -> Event | None:
        """The first event that was not taken; None: all were."""
        done = len(self.results) - self.failed
        return self.events[done] if done < len(self.events) else None


def chains_of(events: Sequence[Event]) -> list[Chain]:
    """A chain for each object, of its events in their order."""
    by_object = sorted(events, key=lambda one: (one.object_id, one.position))
    return [Chain(list(chain)) for _, chain in groupby(by_object, key=lambda one: one.object_id)]


async def send_chains(chains: Sequence[Chain], send: Send) -> None:
    """Sends each chain until an event is not taken. What is then still under way goes on: `sending` of its chain."""
    tasks = [asyncio.create_task(_send_chain(chain, send)) for chain in chains]
    slow = set(tasks)
    while slow:
        done, slow = await asyncio.wait(slow, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            break
    for task in slow:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.result()


async def _send_chain(chain: Chain, send: Send) -> None:
    for event in chain.events:
        chain.sending = await send(event)
        outcome = await asyncio.shield(chain.sending)
        chain.sending = None
        chain.results.append((event, outcome))
        if not outcome.succeeded:
            return
