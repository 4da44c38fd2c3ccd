"""The measures of single requests: each a ratio, most with a target."""

import asyncio

from bench import bare, ground
from bench.arena import Arena, Size
from bench.findings import CONVENTIONAL, OURS, PGBENCH, Costs, Finding, costlier, faster, finding
from bench.load import Load, run_on_uvloop
from bench.requests import Gets, Replays
from bench.rounds import in_turn, sent, transacted
from bench.servers import Running

MEMORY_JUDGED_AT = 1_000_000
"""Creates."""


def creates(arena: Arena, theirs: Running, size: Size) -> tuple[list[Finding], Costs]:
    """Durable creates on all connections: dues, the conventional version, and pgbench on the bare tables."""
    script = arena.scratch / "create.sql"
    samples = in_turn(
        {
            OURS: arena.creating(arena.ours, size),
            CONVENTIONAL: arena.creating(theirs, size),
            PGBENCH: lambda: transacted(
                arena.postgres,
                lambda: bare.pgbench(arena.ground, script, size.connections, f"--time={max(1, round(size.seconds))}"),
            ),
        },
        size.rounds,
    )
    title = f"create, {size.connections} connections"
    findings = [
        faster(title, samples, CONVENTIONAL, target=20, aim=24),
        faster(title, samples, PGBENCH, target=1.3, aim=1.6),
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
        target=5,
        aim=4,
        at_most=True,
    )


def reads(arena: Arena, theirs: Running, size: Size) -> tuple[list[Finding], list[Costs]]:
    """Replays of stored answers, and GETs of single accounts."""
    made = {server.name: arena.creates() for server in (arena.ours, theirs)}
    for server in (arena.ours, theirs):
        sent(server, Load(server.port, made[server.name], size.connections, 600, at_most=size.distinct))
    accounts = asyncio.run(ground.some_accounts(arena.ground, made[OURS].run, size.distinct))
    targets = [f"/billing/accounts/{account}" for account in accounts]

    replays = in_turn(
        {
            server.name: arena.sending(server, size, Replays(made[server.name], size.distinct))
            for server in (arena.ours, theirs)
        },
        size.rounds,
    )
    gets = in_turn(
        {server.name: arena.sending(server, size, Gets(arena.key, targets)) for server in (arena.ours, theirs)},
        size.rounds,
    )
    findings = [
        faster("replay of a stored answer", replays, CONVENTIONAL, target=15),
        faster("GET of one account", gets, CONVENTIONAL, target=20),
    ]
    return findings, [Costs("replay of a stored answer", replays), Costs("GET of one account", gets)]


def bills(arena: Arena, size: Size) -> tuple[list[Finding], list[Costs]]:
    """A bill for a new account of a new customer, three objects in one call, against a plain account create.

    Of dues alone: the conventional version has no bills.
    """
    arena.warm_up(size, arena.ours)
    arena.warm_up(size, arena.ours, make=arena.bills)
    one, three = "account", "bill + account + customer"
    samples = in_turn(
        {
            one: arena.creating(arena.ours, size),
            three: arena.sending_new(arena.ours, size, arena.bills),
        },
        size.rounds,
    )
    title = "create of three objects in one call"
    return [costlier(f"{title}: CPU", samples, three, one)], [Costs(title, samples)]


def with_size(full: Arena, empty: Arena, size: Size) -> tuple[Finding, Costs]:
    """Creates with many accounts in the tables, against creates on empty ones: two servers, asked in turn."""
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
    """The server process's memory after many creates, against after the first ones.

    It is judged after as many as the target is about: before, caches still fill.
    """
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
        target=1.1 if size.memory_then >= MEMORY_JUDGED_AT else None,
        at_most=True,
    )
