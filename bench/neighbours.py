"""The measure of fairness: how long a tenant's creates take while another tenant asks for more than there is."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from msgspec import structs

from bench import servers
from bench.arena import Arena, Size, prepared
from bench.fill import fill
from bench.findings import Finding, finding
from bench.load import Load, Outcome, meanwhile, send
from bench.requests import Gets
from bench.rounds import LoadFailedError, sent
from bench.servers import Running

QUIET_CONNECTIONS = 10

FLOOD_CONNECTIONS = 500

LIST_CONNECTIONS = 20

LIST_PAGE = 100
"""The longest page that there is."""

LEAD_SECONDS = 1.0
"""How long the neighbour has been at it, on all its connections, when the quiet tenant begins."""

NOISE_SECONDS = 600
"""At most: it ends when the quiet tenant has been measured."""

RATIO_MAX = 3

_METADATA = {"metadata[account_type]": "subscription", "metadata[billing_cycle]": "monthly"}


@dataclass(frozen=True)
class Neighbours:
    """Two tenants of one server: one that is measured, and one whose tables are full."""

    quiet: Arena
    noisy: Arena

    def flood(self) -> Load:
        """More creates than can be done."""
        return Load(self.server.port, self.noisy.creates(), FLOOD_CONNECTIONS, NOISE_SECONDS)

    def lists(self) -> Load:
        """Long pages, filtered by metadata that all of the neighbour's accounts have, by currency and by customer."""
        filters = [
            _METADATA,
            _METADATA | {"currency": "ZAR"},
            *(_METADATA | {"customer": customer} for customer in self.noisy.ground.customers[:8]),
        ]
        targets = [f"/billing/accounts?{urlencode({'limit': LIST_PAGE} | each)}" for each in filters]
        return Load(self.server.port, Gets(self.noisy.key, targets), LIST_CONNECTIONS, NOISE_SECONDS)

    @property
    def server(self) -> Running:
        """Where both are."""
        return self.quiet.ours

    def alone(self, seconds: float) -> Outcome:
        """What becomes of the quiet tenant's creates."""
        return sent(self.server, Load(self.server.port, self.quiet.creates(), QUIET_CONNECTIONS, seconds))

    def beside_flood(self, seconds: float) -> Outcome:
        """The same beside a flood."""
        return self._beside(self.flood(), seconds)

    def beside_lists(self, seconds: float) -> Outcome:
        """The same beside long lists."""
        return self._beside(self.lists(), seconds)

    def _beside(self, noise: Load, seconds: float) -> Outcome:
        """A server may refuse some of the noise; one that answers none of it proves nothing."""
        with meanwhile(noise) as made:
            time.sleep(LEAD_SECONDS)
            outcome = self.alone(seconds)
        if not made[0].answered:
            raise LoadFailedError(f"{self.server.name} answered nothing of a neighbour's load: {made[0].failures}")
        return outcome


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
    """The neighbour moves in beside `quiet`, with all its accounts, and has been noisy before.

    (The first hundreds of requests at once that a server ever sees take seconds: that is another question.)
    """
    noisy = prepared(data, quiet.ours, quiet.scratch, mode="live", program=program)
    asyncio.run(fill(noisy.ground, size.listed, lambda _: None))
    both = Neighbours(quiet, noisy)
    for noise in (both.flood(), both.lists()):
        send(structs.replace(noise, at_most=10 * noise.connections))
    return both
