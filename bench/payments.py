"""The measures of payments: spread over many accounts, all of one account, and each over ten bills."""

import asyncio
from collections.abc import Callable

from bench import ground
from bench.arena import Arena, Size
from bench.findings import CONVENTIONAL, Costs, Finding, Report, faster
from bench.load import Load
from bench.open_bills import INSTALMENT, accounts_with_bills
from bench.requests import Payments
from bench.rounds import in_turn, sent
from bench.servers import Running

BALANCE = 10**12
"""So much that no load of payments of AMOUNT comes to its end."""

AMOUNT = 100

BILLS = 10


def payments(arena: Arena, theirs: Running, size: Size) -> tuple[list[Finding], list[Costs]]:
    """Each beside the conventional version.

    Payments of one account wait for one another by design, as each must see the balance that the one before left:
    a group has one of them, and the next begins when that is committed. So their limit is the time of a single
    transaction, the sum of its round trips, which nothing overlaps: most of it CPU, about a sixth the flush.
    """
    made = arena.creates(balance=BALANCE)
    sent(arena.ours, Load(arena.ours.port, made, size.connections, 600, at_most=size.spread + 1))
    hot, *many = asyncio.run(ground.some_accounts(arena.ground, made.run, size.spread + 1))
    billed = asyncio.run(accounts_with_bills(arena.ground, made.run, size.distinct, BILLS))

    found = Report()

    def measure(title: str, make: Callable[[], Payments], target: float | None = None) -> None:
        ways = {server.name: arena.sending_new(server, size, make) for server in (arena.ours, theirs)}
        samples = in_turn(ways, size.rounds)
        found.add([faster(title, samples, CONVENTIONAL, target=target)], [Costs(title, samples)])

    def spread() -> Payments:
        return arena.payments(many, AMOUNT)

    def over_bills() -> Payments:
        return arena.payments(billed, BILLS * INSTALMENT, over_bills=True)

    arena.warm_up(size, arena.ours, theirs, make=spread)
    measure(f"payment, spread over {size.spread:,} accounts", spread, target=8)
    measure("payment, all of one account", lambda: arena.payments([hot], AMOUNT))
    arena.warm_up(size, arena.ours, theirs, make=over_bills)
    measure(f"payment over {BILLS} bills", over_bills)
    return found.findings, found.costs
