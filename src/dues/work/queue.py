"""Who goes next: a group is filled from all tenants in turn, and by what each request weighs.

No tenant's flood makes another wait longer than its own share does: as long as several tenants ask, none gets more of a
group than SHARE_MAX, so that the next group is soon, and everybody has a part in it.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Any, Final, Protocol

from dues.domain.tenants import Tenant
from dues.work.work import Claim

GROUP_COST_MAX: Final = 128
"""Bounds the latency of the first in a group, and what one failure makes run again."""

SHARE_MAX: Final = 8
"""What one tenant may have of a group while several ask: who has little to ask should not wait for a large group of
somebody else's."""

LOOKED_AT_MAX: Final = 512
"""How many of one tenant's waiting requests are looked at for one group: those behind would not fit anyway."""


class Job(Protocol):
    """What waits: whose it is, what it names that only one group at a time may touch, and what it weighs."""

    @property
    def name(self) -> str:
        """What it is counted as."""
        ...

    @property
    def tenant(self) -> Tenant:
        """Whose it is."""
        ...

    @property
    def claims(self) -> frozenset[Claim]:
        """What only one group at a time may touch."""
        ...

    @property
    def cost(self) -> int:
        """How many ordinary jobs it weighs."""
        ...

    @property
    def is_alone(self) -> bool:
        """Whether it must have a group of its own."""
        ...


class Waiting:
    """Somebody who waits with a job."""

    __slots__ = ("answer", "gives_up_at", "group_size", "job")

    def __init__(self, job: Job, answer: Any, gives_up_at: float) -> None:
        self.job = job
        self.answer = answer
        self.gives_up_at = gives_up_at
        self.group_size = 0


class Queue:
    """Those who wait for a group of one cell, by tenant and in the order in which they came."""

    def __init__(self) -> None:
        self._tenants: OrderedDict[Tenant, deque[Waiting]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._tenants)

    def __iter__(self) -> Iterator[Waiting]:
        for waiting in self._tenants.values():
            yield from waiting

    def put(self, waiting: Waiting) -> None:
        """Somebody waits, behind all others of the tenant."""
        self._tenants.setdefault(waiting.job.tenant, deque()).append(waiting)

    def put_first(self, waiting: Waiting) -> None:
        """Somebody waits, before all others of the tenant."""
        self._tenants.setdefault(waiting.job.tenant, deque()).appendleft(waiting)

    def remove(self, waiting: Waiting) -> None:
        """Somebody waits no longer."""
        others = self._tenants[waiting.job.tenant]
        others.remove(waiting)
        if not others:
            del self._tenants[waiting.job.tenant]

    def take(self, taken: set[Claim], *, several: bool = False) -> list[Waiting]:
        """The next group: those whose claims are not in `taken`, of all tenants in turn. Who is left keeps its place.

        A claim of somebody who waits counts as taken for all behind, so nobody is overtaken for ever; within the group
        a claim may be shared, since it is decided in order. `several`: other tenants asked of late, too.
        """
        share_max = SHARE_MAX if several or len(self._tenants) > 1 else GROUP_COST_MAX
        looked_at: dict[Tenant, _Candidates] = {}
        group: list[Waiting] = []
        room = GROUP_COST_MAX
        for tenant, waiting_here in self._tenants.items():
            if room <= 0:
                break
            candidates = looked_at[tenant] = _Candidates(waiting_here, taken)
            share = share_max
            while share > 0 and room > 0 and (waiting := candidates.next(room if group else None)):
                group.append(waiting)
                share -= waiting.job.cost
                room = 0 if waiting.job.is_alone else room - waiting.job.cost
        for tenant, candidates in looked_at.items():
            candidates.put_back()
            if not candidates.waiting:
                del self._tenants[tenant]
        for tenant in dict.fromkeys(waiting.job.tenant for waiting in group):
            if tenant in self._tenants:
                self._tenants.move_to_end(tenant)
        return group


class _Candidates:
    """Those of one tenant who wait, looked at for one group."""

    def __init__(self, waiting: deque[Waiting], taken: set[Claim]) -> None:
        self.waiting = waiting
        self._taken = taken
        self._blocked: set[Claim] = set()
        self._passed: list[Waiting] = []

    def next(self, room: int | None) -> Waiting | None:
        """The first that may go, into a group that has so much room left; None: into one that is empty."""
        while self.waiting and len(self._passed) < LOOKED_AT_MAX:
            one = self.waiting[0]
            claims = one.job.claims
            if one.answer.done():  # gave up, or its client is gone
                self.waiting.popleft()
            elif not (self._taken.isdisjoint(claims) and self._blocked.isdisjoint(claims)):
                self._blocked |= claims
                self._passed.append(self.waiting.popleft())
            elif room is not None and (one.job.is_alone or one.job.cost > room):
                # Nobody behind it goes either: if they did, its tenant's turn to be first would never come.
                return None
            else:
                return self.waiting.popleft()
        return None

    def put_back(self) -> None:
        """Whoever could not go is at the front again."""
        self.waiting.extendleft(reversed(self._passed))
        self._passed.clear()
