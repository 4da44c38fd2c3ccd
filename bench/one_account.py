"""The measures of one account that everybody wants at once: adjustments and payments, against as many spread out."""

import asyncio
from collections.abc import Callable, Sequence

from bench import ground
from bench.arena import Arena, Size
from bench.findings import CONVENTIONAL, OURS, Costs, Finding, Report, faster
from bench.load import Load
from bench.requests import Requests
from bench.rounds import in_turn, sent
from bench.servers import Running

BALANCE = 10**12
"""So much that no load of payments of AMOUNT comes to its end."""

AMOUNT = 100

SPREAD_TARGET = 8


def accounts_to_change(arena: Arena, size: Size) -> tuple[str, list[str]]:
    """The ids of one new account, and of as many others as a load is spread over; all owe BALANCE."""
    made = arena.creates(balance=BALANCE)
    sent(arena.ours, Load(arena.ours.port, made, size.connections, 600, at_most=size.spread + 1))
    one, *many = asyncio.run(ground.some_accounts(arena.ground, made.run, size.spread + 1))
    return one, many


def one_account(
    arena: Arena, theirs: Running, size: Size, noun: str, make: Callable[[Sequence[str]], Requests]
) -> tuple[list[Finding], list[Costs]]:
    """All of one account by all connections, against as many spread over many; each beside the conventional version.

    `make` makes the requests of `noun` (payments, adjustments) for accounts, by their ids.
    """
    one, many = accounts_to_change(arena, size)
    arena.warm_up(size, arena.ours, theirs, make=lambda: make(many))
    hot, spread = "one account", f"{size.spread:,} accounts"
    ways = {
        f"{server.name}, {where}": arena.sending_new(server, size, made)
        for server in (arena.ours, theirs)
        for where, made in ((spread, lambda: make(many)), (hot, lambda: make([one])))
    }
    samples = in_turn(ways, size.rounds)

    def against(title: str, ours: str, other: str, target: float | None) -> Finding:
        return faster(title, samples, other, ours=ours, target=target)

    found = Report()
    found.add(
        [
            against(f"{noun} spread over {spread}", f"{OURS}, {spread}", f"{CONVENTIONAL}, {spread}", SPREAD_TARGET),
            against(f"{noun} of {hot}", f"{OURS}, {hot}", f"{CONVENTIONAL}, {hot}", None),
            against(f"{noun} of {hot}", f"{OURS}, {hot}", f"{OURS}, {spread}", 1),
        ],
        [Costs(f"{noun}, {size.connections} connections", samples)],
    )
    return found.findings, found.costs
