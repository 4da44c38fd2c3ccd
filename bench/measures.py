"""The measures, each a ratio with a target."""

import asyncio
from collections.abc import Callable

from bench import bare, ground
from bench.arena import Arena, Size
from bench.findings import CONVENTIONAL, OURS, PGBENCH, Costs, Finding, faster, finding
from bench.load import Load, run_on_uvloop
from bench.requests import Gets, Replays
from bench.rounds import in_turn, sent, transacted
from bench.servers import Running


def creates(arena: Arena, theirs: Running, size: Size) -> tuple[list[Finding], Costs]:
    """Durable creates on all connections: dues, the conventional version, and pgbench on the bare tables."""
    script = arena.scratch / "create.sql"
    samples = in_turn(
        {
            OURS: arena.creating(arena.ours, size),
            CONVENTIONAL: arena.creating(theirs, size),
            PGBENCH: lambda: transacted(
                arena.postgres, lambda: bare.pgbench(arena.ground, script, size.connections, f"--time={size.seconds}")
            ),
        },
        size.rounds,
    )
    title = f"create, {size.connections} connections"
    findings = [
        faster(title, samples, CONVENTIONAL, target=10, aim=20),
        faster(title, samples, PGBENCH, target=0.6, aim=1),
    ]
    return findings, Costs(title, samples)


def single_client(arena: Arena, size: Size) -> Finding:
    """One create after another, against one fsync'd single-statement commit after another."""
    ours, other = [], []
    for _ in range(size.rounds):
        ours.append(sent(arena.ours, Load(arena.ours.port, arena.creates(), 1, size.seconds)).p50_ms)
        other.append(run_on_uvloop(bare.commit_p50_ms(arena.ground.url, size.seconds)))
    return finding(
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
            server.name: arena.sending(server, size, Replays(made[server.name], size.distinct))
            for server in (arena.ours, theirs)
        },
        size.rounds,
    )
    gets = in_turn(
        {server.name: arena.sending(server, size, Gets(arena.key, accounts)) for server in (arena.ours, theirs)},
        size.rounds,
    )
    findings = [
        faster("replay of a stored answer", replays, CONVENTIONAL, target=8),
        faster("GET of one account", gets, CONVENTIONAL, target=8),
    ]
    return findings, [Costs("replay of a stored answer", replays), Costs("GET of one account", gets)]


def with_size(full: Arena, empty: Arena, size: Size, tell: Callable[[int], None]) -> tuple[Finding, Costs]:
    """Creates with many accounts in the tables, against creates on empty ones: two servers, asked in turn."""
    asyncio.run(ground.fill(full.ground, size.accounts, tell))
    for arena in (full, empty):
        arena.warm_up(size, arena.ours)
    name = f"{size.accounts:,} accounts"
    samples = in_turn(
        {
            name: full.creating(full.ours, size),
            "empty": empty.creating(empty.ours, size),
        },
        size.rounds,
    )
    title = f"create among {name}"
    return faster(title, samples, "empty", ours=name, target=0.9), Costs(title, samples)


def memory(arena: Arena, size: Size) -> Finding:
    """The server process's memory after many creates, against after the first ones."""
    sizes = []
    for more in (size.memory_first, size.memory_then - size.memory_first):
        load = Load(arena.ours.port, arena.creates(), size.connections, 3_600, at_most=more)
        sent(arena.ours, load)
        sizes.append(arena.ours.usage.rss_bytes() / 2**20)
    first, then = sizes
    return finding(
        f"memory after {size.memory_then:,} creates, against after {size.memory_first:,}",
        ([then], "{:.0f} MiB"),
        ([first], "{:.0f} MiB"),
        target=1.1,
        at_most=True,
    )
