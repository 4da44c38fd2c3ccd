"""The line of one cell: what waits there for a group, and what those that are in flight hold."""

import asyncio
from collections.abc import Sequence
from typing import Final

from dues.db.errors import Unavailable
from dues.domain.tenants import Tenant
from dues.work.queue import Queue, Waiting
from dues.work.work import Claim

SEVERAL_SECONDS: Final = 0.1
"""Tenants that asked within this are several."""


class Busy(Exception):
    """Something this request needs was in other hands for too long. Nothing was done."""


class Line:
    """What waits for groups of one cell, and what those that are in flight hold."""

    def __init__(self) -> None:
        self.queue = Queue()
        self.in_flight = 0
        self._taken: set[Claim] = set()
        self._asked: dict[Tenant, float] = {}

    def asked(self, tenant: Tenant, now: float) -> None:
        """A tenant asks."""
        self._asked.pop(tenant, None)
        self._asked[tenant] = now

    def next_group(self) -> list[Waiting]:
        """Those who go next, whose claims are taken from here on."""
        if not self.queue:
            return []
        group = self.queue.take(self._taken, several=self._are_several())
        if group:
            self.in_flight += 1
        for waiting in group:
            self._taken |= waiting.job.claims
        return group

    def end_group(self, group: Sequence[Waiting]) -> None:
        """Their claims are free again."""
        self.in_flight -= 1
        for waiting in group:
            self._taken -= waiting.job.claims

    def why_not(self, waiting: Waiting) -> Exception:
        """Why somebody's turn did not come."""
        if self._taken.isdisjoint(waiting.job.claims):
            return Unavailable("too many requests are waiting")
        return Busy("an earlier request for the same thing is still in progress")

    def _are_several(self) -> bool:
        since = asyncio.get_running_loop().time() - SEVERAL_SECONDS
        while self._asked and (oldest := next(iter(self._asked))) and self._asked[oldest] < since:
            del self._asked[oldest]
        return len(self._asked) > 1
