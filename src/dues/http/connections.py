"""All connections of one process: how many there may be, and which of them are too slow."""

import asyncio
import resource
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from dues.http.entrance import Entrance
from dues.http.responses import header_lines
from dues.tenants.keys import Network

CONNECTIONS_MAX: Final = 10_000
"""Where the limit of open files leaves room for more: an idle one costs some 10 KB."""

FILES_RESERVED: Final = 128
"""Open files that no client can take: listening, logging, sending webhooks, whoever is being refused."""

REFUSED_MAX: Final = 32
"""How many that are one too many are waited for to read why. The rest have to be quick."""

SWEEP_SECONDS: Final = 0.5
"""How late a limit of seconds may be kept. One look at all connections is cheaper than a timer for each request."""

WARN_SECONDS: Final = 60.0

GRACE_SECONDS: Final = 1.0
"""For so long nobody is asked to give way: a client that has just come, or was just answered, is about to ask."""

SIEGE: Final = 100
"""So many come within a second where all places are taken: whoever says nothing now gives way at once."""

GREETING_SECONDS: Final = 0.25
"""But for so long nobody who has just come does, where there is somebody else: it is not read yet what it asks."""

KEYLESS_MAX: Final = 64
"""So many requests without a key may one connection send as fast as it can; a watcher sends one in seconds."""

KEYLESS_PAUSE_SECONDS: Final = 0.0002
"""How long it waits between two of them from then on, for each connection there is: so all of them together have some
5,000 answers a second, which leaves most of a processor to those who have a key."""

_log = structlog.get_logger()


class Timed(Protocol):
    """A connection, as far as its time is concerned: what is to be done where it is not done by the `deadline`."""

    deadline: float

    def expire(self) -> None:
        """The deadline has passed."""

    def give_way(self) -> None:
        """It is closed, so that somebody else can come in."""


class Connections:
    """What the connections of a process share."""

    def __init__(
        self, entrance: Entrance, connections_max: int, idle_seconds: float, trusted_proxies: Sequence[Network] = ()
    ) -> None:
        self.entrance = entrance
        self.idle_seconds = idle_seconds
        self.trusted_proxies = trusted_proxies
        self._connections_max = connections_max
        self._admitted: set[Timed] = set()
        self._refused: set[Timed] = set()
        self._silent: OrderedDict[Timed, float] = OrderedDict()
        """Those that have asked nothing yet, since when."""
        self._resting: OrderedDict[Timed, float] = OrderedDict()
        """Those that have asked and have nothing to wait for, since when."""
        self._refusals = self._gave_way = 0
        self._second = self._pressed = self._pressed_before = 0
        self._warned_at = -WARN_SECONDS
        self._is_sweeping = False
        self._default_headers: list[tuple[bytes, bytes]] = []
        self._default_lines = b""

    def admit(self, connection: Timed) -> bool:
        """Whether one more is not one too many; where it would be, whoever has asked nothing for longest gives way."""
        loop = asyncio.get_running_loop()
        if not self._is_sweeping:
            self._is_sweeping = True
            loop.call_later(SWEEP_SECONDS, self._sweep)
        is_full = len(self._admitted) >= self._connections_max
        if is_full and not self._make_room(loop.time()):
            self._refused.add(connection)
            self._refusals += 1
            self._warn()
            return False
        self._admitted.add(connection)
        self._silent[connection] = loop.time()
        return True

    def works(self, connection: Timed) -> None:
        """It has asked, and waits for the answer."""
        self._silent.pop(connection, None)
        self._resting.pop(connection, None)

    def rests(self, connection: Timed) -> None:
        """It has its answers, or does not read them."""
        if connection in self._admitted:
            self._resting[connection] = asyncio.get_running_loop().time()

    async def pause(self, connection: Timed) -> None:
        """Keeps one waiting that asks and asks without a key."""
        self.rests(connection)
        await asyncio.sleep(KEYLESS_PAUSE_SECONDS * len(self._admitted))
        self.works(connection)

    def _make_room(self, now: float) -> bool:
        grace = self._grace(int(now))
        # Who never asked before who did: a client that opens connections and leaves them there stays among the former.
        # Who has just come is last, whatever the siege.
        ways = (self._silent, max(grace, GREETING_SECONDS)), (self._resting, grace), (self._silent, grace)
        for waiting, seconds in ways:
            oldest = next(iter(waiting), None)
            if oldest is not None and now - waiting[oldest] >= seconds:
                self.forget(oldest)
                oldest.give_way()
                self._gave_way += 1
                self._warn()
                return True
        return False

    def _grace(self, second: int) -> float:
        if second != self._second:
            self._pressed_before = self._pressed if second == self._second + 1 else 0
            self._second, self._pressed = second, 0
        self._pressed += 1
        return 0.0 if max(self._pressed, self._pressed_before) >= SIEGE else GRACE_SECONDS

    def _warn(self) -> None:
        if (now := time.monotonic()) - self._warned_at >= WARN_SECONDS:
            _log.warning(
                "connections_refused",
                refused=self._refusals,
                gave_way=self._gave_way,
                connections_max=self._connections_max,
            )
            self._warned_at, self._refusals, self._gave_way = now, 0, 0

    @property
    def has_silent(self) -> bool:
        """Whether anybody has not said yet what it wants."""
        return bool(self._silent)

    @property
    def may_linger(self) -> bool:
        """Whether the one that was just refused may stay to read why."""
        return len(self._refused) <= REFUSED_MAX

    def forget(self, connection: Timed) -> None:
        """It is closed."""
        self._admitted.discard(connection)
        self._refused.discard(connection)
        self._silent.pop(connection, None)
        self._resting.pop(connection, None)

    def default_lines(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The headers of every answer (uvicorn makes a new list each second) as lines of a head."""
        if headers is not self._default_headers:
            self._default_headers, self._default_lines = headers, header_lines(headers)
        return self._default_lines

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        late = [one for one in (*self._admitted, *self._refused) if one.deadline < now]
        for connection in late:
            connection.expire()
        self._is_sweeping = bool(self._admitted or self._refused)
        if self._is_sweeping:
            loop.call_later(SWEEP_SECONDS, self._sweep)


def connections_that_fit(wanted: int, database_connections: int) -> int:
    """`wanted` connections (0: CONNECTIONS_MAX), or as many as the limit of open files leaves."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    fit = CONNECTIONS_MAX if files == resource.RLIM_INFINITY else files - FILES_RESERVED - database_connections
    return max(1, min(wanted or CONNECTIONS_MAX, fit))
