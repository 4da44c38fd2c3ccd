"""The measure of payments that are spread over bills: each pays instalments of ten, in the order of their due dates."""

import asyncio

from bench.arena import Arena, Size
from bench.findings import CONVENTIONAL, Costs, Finding, faster
from bench.load import Load
from bench.open_bills import INSTALMENT, accounts_with_bills
from bench.requests import Payments
from bench.rounds import in_turn, sent
from bench.servers import Running

BILLS = 10


def payments_over_bills(arena: Arena, theirs: Running, size: Size) -> tuple[list[Finding], list[Costs]]:
    """Beside the conventional version. The bills are large, and stay open."""
    made = arena.creates()
    sent(arena.ours, Load(arena.ours.port, made, size.connections, 600, at_most=size.distinct))
    billed = asyncio.run(accounts_with_bills(arena.ground, made.run, size.distinct, BILLS))

    def over_bills() -> Payments:
        return arena.payments(billed, BILLS * INSTALMENT, over_bills=True)

    arena.warm_up(size, arena.ours, theirs, make=over_bills)
    ways = {server.name: arena.sending_new(server, size, over_bills) for server in (arena.ours, theirs)}
    samples = in_turn(ways, size.rounds)
    title = f"payment over {BILLS} bills"
    return [faster(title, samples, CONVENTIONAL)], [Costs(title, samples)]
