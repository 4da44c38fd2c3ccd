"""The measure of payments that are spread over bills: each pays ten, in the order of their due dates."""

import asyncio

from bench.arena import Arena, Size
from bench.findings import CONVENTIONAL, Costs, Finding, faster
from bench.ground import some_accounts
from bench.load import Load
from bench.open_bills import open_bills
from bench.requests import Payments
from bench.rounds import in_turn, sent
from bench.servers import Running

BILLS = 10

AMOUNT_DUE = 1_000

PER_SECOND = 1_000
"""More of these payments than any server here takes: each finds an account whose bills nobody has paid yet."""


def payments_over_bills(arena: Arena, theirs: Running, size: Size) -> tuple[list[Finding], list[Costs]]:
    """Beside the conventional version. Before each round all bills are open."""
    made = arena.creates()
    count = 40 * size.connections + round(PER_SECOND * size.seconds)
    sent(arena.ours, Load(arena.ours.port, made, size.connections, 600, at_most=count))
    billed = asyncio.run(some_accounts(arena.ground, made.run, count))

    def over_bills() -> Payments:
        asyncio.run(open_bills(arena.ground, billed, BILLS, AMOUNT_DUE))
        return arena.payments(billed, BILLS * AMOUNT_DUE, over_bills=True)

    arena.warm_up(size, arena.ours, theirs, make=over_bills)
    ways = {server.name: arena.sending_new(server, size, over_bills) for server in (arena.ours, theirs)}
    samples = in_turn(ways, size.rounds)
    title = f"payment over {BILLS} bills"
    return [faster(title, samples, CONVENTIONAL)], [Costs(title, samples)]
