"""The measure of fairness: how long a tenant's creates take while another tenant asks for more than there is."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from bench import servers
from bench.arena import Arena, Size, prepared
from bench.fill import fill
from bench.findings import Finding, finding
from bench.load import Load, Outcome, send
from bench.requests import Gets
from bench.rounds import LoadFailedError, sent
from bench.servers import Running

QUIET_CONNECTIONS = 10

FLOOD_CONNECTIONS = 500

LIST_CONNECTIONS = 20

LIST_PAGE = 100
"""The longest page that there is."""

LEAD_SECONDS = 0.5
"""How long the neighbour has been at it when the quiet tenant begins."""

RATIO_MAX = 3

_METADATA = {"metadata[account_type]": "subscription", "metadata[billing_cycle]": "monthly"}


@dataclass(frozen=True)
class Neighbours:
    """Two tenants of one server: one that is measured, and one whose tables are full."""

    quiet: Arena
    noisy: Arena

    def flood(self, seconds: float) -> Load:
        """More creates than can be done."""
        return Load(self.server.port, self.noisy.creates(), FLOOD_CONNECTIONS, seconds)

    def lists(self, seconds: float) -> Load:
        """Long pages, filtered by metadata that all of the neighbour's accounts have, by currency and by customer."""
        filters = [
            _METADATA,
            _METADATA | {"currency": "ZAR"},
            *(_METADATA | {"customer": customer} for customer in self.noisy.ground.customers[:8]),
        ]
        targets = [f"/billing/accounts?{urlencode({'limit': LIST_PAGE} | each)}" for each in filters]
        return Load(self.server.port, Gets(self.noisy.key, targets), LIST_CONNECTIONS, seconds)

    @property
    def server(self) -> Running:
        """Where both are."""
        return self.quiet.ours

    def alone(self, seconds: float) -> Outcome:
        """What becomes of the quiet tenant's creates."""
        return sent(self.server, Load(self.server.port, self.quiet.creates(), QUIET_CONNECTIONS, seconds))

    def beside_flood(self, seconds: float) -> Outcome:
        """The same beside a flood."""
        with _meanwhile(self.server, self.flood(seconds + 2 * LEAD_SECONDS)):
            return self.alone(seconds)

    def beside_lists(self, seconds: float) -> Outcome:
        """The same beside long lists."""
        with _meanwhile(self.server, self.lists(seconds + 2 * LEAD_SECONDS)):
            return self.alone(seconds)


def neighbours(both: Neighbours, size: Size) -> list[Finding]:
    """A quiet tenant's median wait beside a flood of creates, and beside long lists, against when it is alone."""
    both.quiet.warm_up(size, both.server)
    alone, flooded, listed = [], [], []
    for _ in range(size.rounds):
        alone.append(both.alone(size.seconds))
        flooded.append(both.beside_flood(size.seconds))
        listed.append(both.beside_lists(size.seconds))
    quiet = ([outcome.p50_ms for outcome in alone], "{:.2f} ms (alone)")
    return [
        finding(
            f"create, {QUIET_CONNECTIONS} connections, while another tenant {does}: p50",
            ([outcome.p50_ms for outcome in those], "{:.2f} ms"),
            quiet,
            target=RATIO_MAX,
            at_most=True,
        )
        for does, those in (
            (f"floods with {FLOOD_CONNECTIONS}", flooded),
            (f"lists {size.listed:,} accounts {LIST_CONNECTIONS} at a time", listed),
        )
    ]


def moved_in(data: Path, quiet: Arena, size: Size, *, program: servers.Program = servers.THIS) -> Neighbours:
    """The neighbour moves in beside `quiet`, with all its accounts."""
    noisy = prepared(data, quiet.ours, quiet.scratch, mode="live", program=program)
    asyncio.run(fill(noisy.ground, size.listed, lambda _: None))
    return Neighbours(quiet, noisy)


@contextmanager
def _meanwhile(server: Running, noise: Load) -> Iterator[None]:
    """While `noise` is made. A server may refuse some of it; one that answers none of it proves nothing."""
    with ThreadPoolExecutor(1) as beside:
        made = beside.submit(send, noise)
        time.sleep(LEAD_SECONDS)
        yield
        outcome = made.result()
    if not outcome.answered:
        raise LoadFailedError(f"{server.name} answered nothing of a neighbour's load: {outcome.failures}")
