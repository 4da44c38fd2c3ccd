"""Where it is measured: a running dues and its PostgreSQL, and the requests to send."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from bench import ground, servers
from bench.ground import Ground
from bench.load import Load
from bench.processes import Postgres
from bench.requests import Adjustments, Bills, Creates, Patches, Payments, Requests
from bench.rounds import Way, loaded, sent
from bench.servers import Running


@dataclass(frozen=True)
class Size:
    """How much is measured: how long a round lasts, how many there are, how large tables and loads become."""

    seconds: float
    rounds: int
    connections: int
    accounts: int
    memory_first: int
    memory_then: int
    entries: int
    distinct: int = 1_000
    """How many accounts are read, and how many answers replayed, around and around."""
    spread: int = 10_000
    """How many accounts are adjusted, around and around."""
    events: int = 10_000
    """How many events wait for delivery."""
    expired: int = 1_000_000
    """How many rows of a table are to be purged."""
    rows: int = 1_000_000
    """How many rows a file has."""
    listed: int = 200_000
    """How many accounts the neighbour has, of which it asks for long lists."""


@dataclass(frozen=True)
class Arena:
    """A running dues, what is beside it, and the key that opens it."""

    ours: Running
    postgres: Postgres
    ground: Ground
    key: str
    scratch: Path
    _runs: Iterator[int] = field(default_factory=count)

    def creates(self, balance: int | None = None) -> Creates:
        """Creates that nobody has sent before."""
        return Creates(self.key, self._run(), self.ground.customers, balance)

    def bills(self) -> Bills:
        """Bills that nobody has sent before."""
        return Bills(self.key, self._run())

    def adjustments(self, accounts: Sequence[str]) -> Adjustments:
        """Adjustments of `accounts` (their ids) that nobody has sent before."""
        return Adjustments(self.key, self._run(), accounts)

    def payments(self, accounts: Sequence[str], amount: int, *, over_bills: bool = False) -> Payments:
        """Payments of `accounts` (their ids) that nobody has sent before."""
        return Payments(self.key, self._run(), accounts, amount, over_bills)

    def patches(self, accounts: Sequence[str]) -> Patches:
        """Changes of the balances of `accounts` (their ids) that nobody has sent before."""
        return Patches(self.key, self._run(), accounts)

    def _run(self) -> str:
        return f"UAR{self.ours.port}-{next(self._runs)}"

    def creating(self, server: Running, size: Size) -> Way:
        """Rounds of new creates, from all connections."""
        return self.sending_new(server, size, self.creates)

    def sending_new(self, server: Running, size: Size, make: Callable[[], Requests]) -> Way:
        """Rounds of requests, others each time, from all connections."""
        return lambda: self.sending(server, size, make())()

    def sending(self, server: Running, size: Size, requests: Requests) -> Way:
        """Rounds of `requests`, the same each time, from all connections."""
        return lambda: loaded(server, self.postgres, Load(server.port, requests, size.connections, size.seconds))

    def warm_up(self, size: Size, *those: Running, make: Callable[[], Requests] | None = None) -> None:
        """Fills caches and pools, and has every statement prepared and its plan settled on every connection.

        PostgreSQL settles on a plan after five executions (a few more here, as connections are not used evenly), and
        plans anew once it knows what is in the tables; so everything is done twice, the second time on that knowledge.
        `make` makes what is sent; creates where it is not given.
        """
        make = make or self.creates
        requests = size.connections * (3 if size.seconds < 2 else 40)
        for server in those:
            sent(server, Load(server.port, make(), size.connections, 30, at_most=requests))
        asyncio.run(ground.analyze(self.ground))
        for server in those:
            sent(server, Load(server.port, make(), size.connections, 30, at_most=requests))


def prepared(
    data: Path, ours: Running, scratch: Path, *, mode: str = "test", program: servers.Program = servers.THIS
) -> Arena:
    """The arena around a dues (run by `program`) that has been started on `data`, for its tenant of `mode`."""
    url, key = servers.database_url(data, program), servers.new_key(data, "secret", mode, program)
    return Arena(ours, asyncio.run(Postgres.behind(url)), asyncio.run(ground.prepare(url, key)), key, scratch)
