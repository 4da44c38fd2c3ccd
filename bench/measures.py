"""The measures, each a ratio with a target."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

from bench import bare, ground, servers
from bench.ground import Ground
from bench.load import Load, run_on_uvloop
from bench.processes import Postgres
from bench.requests import Creates, Gets, Replays, Requests
from bench.rounds import Sample, Way, in_turn, loaded, sent, transacted
from bench.servers import Running

OURS, CONVENTIONAL, PGBENCH = "dues", "conventional", "pgbench"


@dataclass(frozen=True)
class Size:
    """How much is measured: how long a round lasts, how many there are, how large tables and loads become."""

    seconds: int
    rounds: int
    connections: int
    accounts: int
    memory_first: int
    memory_then: int
    distinct: int = 1_000
    """How many accounts are read, and how many answers replayed, around and around."""


@dataclass(frozen=True)
class Finding:
    """One measure: what was compared, the ratio with its lowest and highest round, and what it had to be."""

    title: str
    ours: str
    other: str
    ratio: float
    lowest: float
    highest: float
    target: float
    aim: float | None = None
    at_most: bool = False

    def reaches(self, wanted: float) -> bool:
        """Whether the ratio is as good as `wanted`."""
        return self.ratio <= wanted if self.at_most else self.ratio >= wanted


@dataclass(frozen=True)
class Costs:
    """What each way of doing one thing did and cost, round by round."""

    title: str
    samples: dict[str, list[Sample]]


@dataclass
class Report:
    """All that was found."""

    findings: list[Finding] = field(default_factory=list)
    costs: list[Costs] = field(default_factory=list)


@dataclass(frozen=True)
class Arena:
    """A running dues, what is beside it, and the key that opens it."""

    ours: Running
    postgres: Postgres
    ground: Ground
    key: str
    scratch: Path
    _runs: Iterator[int] = field(default_factory=count)

    def creates(self) -> Creates:
        """Creates that nobody has sent before."""
        return Creates(self.key, f"UAR{self.ours.port}-{next(self._runs)}", self.ground.customers)

    def load(self, server: Running, size: Size, requests: Requests) -> Way:
        """A round of `requests`, from all connections."""
        return lambda: loaded(server, self.postgres, Load(server.port, requests, size.connections, size.seconds))

    def warm_up(self, server: Running, size: Size) -> None:
        """Fills caches and pools, and has every statement prepared and its plan settled on every connection.

        PostgreSQL settles on a plan after five executions; a few more each, as connections are not used evenly.
        """
        requests = size.connections * (12 if size.seconds < 2 else 40)
        sent(server, Load(server.port, self.creates(), size.connections, 30, at_most=requests))


def creates(arena: Arena, theirs: Running, size: Size) -> tuple[list[Finding], Costs]:
    """Durable creates on all connections: dues, the conventional version, and pgbench on the bare tables."""
    script = arena.scratch / "create.sql"
    samples = in_turn(
        {
            OURS: lambda: arena.load(arena.ours, size, arena.creates())(),
            CONVENTIONAL: lambda: arena.load(theirs, size, arena.creates())(),
            PGBENCH: lambda: transacted(
                arena.postgres, lambda: bare.pgbench(arena.ground, size.connections, size.seconds, script)
            ),
        },
        size.rounds,
    )
    title = f"create, {size.connections} connections"
    findings = [
        _faster(title, samples, CONVENTIONAL, target=10, aim=20),
        _faster(title, samples, PGBENCH, target=0.6, aim=1),
    ]
    return findings, Costs(title, samples)


def single_client(arena: Arena, size: Size) -> Finding:
    """One create after another, against one fsync'd single-statement commit after another."""
    ours, other = [], []
    for _ in range(size.rounds):
        ours.append(sent(arena.ours, Load(arena.ours.port, arena.creates(), 1, size.seconds)).p50_ms)
        other.append(run_on_uvloop(bare.commit_p50_ms(arena.ground.url, size.seconds)))
    return _finding(
        "create, one client at a time: p50",
        (ours, "{:.2f} ms"),
        (other, "{:.2f} ms (one bare commit)"),
        target=4,
        at_most=True,
    )


def reads(arena: Arena, theirs: Running, size: Size) -> tuple[list[Finding], list[Costs]]:
    """Replays of stored answers, and GETs of single accounts."""
    made = {server.name: arena.creates() for server in (arena.ours, theirs)}
    for server in (arena.ours, theirs):
        sent(server, Load(server.port, made[server.name], size.connections, 600, at_most=size.distinct))
    accounts = asyncio.run(ground.some_accounts(arena.ground, made[OURS].run, size.distinct))

    replays = in_turn(
        {
            server.name: arena.load(server, size, Replays(made[server.name], size.distinct))
            for server in (arena.ours, theirs)
        },
        size.rounds,
    )
    gets = in_turn(
        {server.name: arena.load(server, size, Gets(arena.key, accounts)) for server in (arena.ours, theirs)},
        size.rounds,
    )
    findings = [
        _faster("replay of a stored answer", replays, CONVENTIONAL, target=8),
        _faster("GET of one account", gets, CONVENTIONAL, target=8),
    ]
    return findings, [Costs("replay of a stored answer", replays), Costs("GET of one account", gets)]


def with_size(full: Arena, empty: Arena, size: Size, tell: Callable[[int], None]) -> tuple[Finding, Costs]:
    """Creates with many accounts in the tables, against creates on empty ones: two servers, asked in turn."""
    asyncio.run(ground.fill(full.ground, size.accounts, tell))
    for arena in (full, empty):
        arena.warm_up(arena.ours, size)
        asyncio.run(ground.analyze(arena.ground))
    name = f"{size.accounts:,} accounts"
    samples = in_turn(
        {
            name: lambda: full.load(full.ours, size, full.creates())(),
            "empty": lambda: empty.load(empty.ours, size, empty.creates())(),
        },
        size.rounds,
    )
    title = f"create with {name} in the table, against an empty one"
    return _faster(title, samples, "empty", ours=name, target=0.9), Costs(title, samples)


def memory(arena: Arena, size: Size) -> Finding:
    """The server process's memory after many creates, against after the first ones."""
    sizes = []
    for more in (size.memory_first, size.memory_then - size.memory_first):
        load = Load(arena.ours.port, arena.creates(), size.connections, 3_600, at_most=more)
        sent(arena.ours, load)
        sizes.append(arena.ours.usage.rss_bytes() / 2**20)
    first, then = sizes
    return _finding(
        f"memory after {size.memory_then:,} creates, against after {size.memory_first:,}",
        ([then], "{:.0f} MiB"),
        ([first], "{:.0f} MiB"),
        target=1.1,
        at_most=True,
    )


def prepared(data: Path, ours: Running, scratch: Path) -> Arena:
    """The arena around a dues that has just been started on `data`."""
    url, key = servers.database_url(data), servers.new_key(data, "secret")
    return Arena(ours, asyncio.run(Postgres.behind(url)), asyncio.run(ground.prepare(url, key)), key, scratch)


def _faster(
    title: str,
    samples: dict[str, list[Sample]],
    other: str,
    *,
    target: float,
    aim: float | None = None,
    ours: str = OURS,
) -> Finding:
    return _finding(
        title,
        ([sample.per_second for sample in samples[ours]], "{:,.0f}/s"),
        ([sample.per_second for sample in samples[other]], f"{{:,.0f}}/s ({other})"),
        target=target,
        aim=aim,
    )


def _finding(
    title: str,
    ours: tuple[Sequence[float], str],
    other: tuple[Sequence[float], str],
    *,
    target: float,
    aim: float | None = None,
    at_most: bool = False,
) -> Finding:
    """The ratio of the medians; its range is that of the rounds, each against its neighbour in time."""
    rounds = [mine / beside for mine, beside in zip(ours[0], other[0], strict=True)]
    return Finding(
        title,
        ours[1].format(median(ours[0])),
        other[1].format(median(other[0])),
        median(ours[0]) / median(other[0]),
        min(rounds),
        max(rounds),
        target,
        aim,
        at_most,
    )
