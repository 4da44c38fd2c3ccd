"""A node is gone for a minute, and crashes meanwhile: its cells are told so, all others go on, and nothing is lost."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
import pytest

from dues.db.migrate import migrate
from tests.conftest import Desk, Merchant, findings, make_merchant
from tests.journeys.citus.cluster import Address, new_database, on
from tests.journeys.citus.relay import Relay
from tests.journeys.home import dues
from tests.journeys.journal import SOAK, Crowd, Journal
from tests.journeys.own_database import rows_of, until
from tests.journeys.receiver import TAKEN, Receiver
from tests.journeys.test_feed import Follower, hold_to_order
from tests.running import RunningServer

CELLS = 8

AWAY_SECONDS = 60.0 if SOAK else 10.0

RECOVERY_SECONDS = 10.0

CRASH_SECONDS = 120.0
"""A PostgreSQL that has crashed looks at all its files first."""

COMPLETION_SECONDS = 120.0
"""What was prepared on a node and not committed is completed by Citus once a minute."""

PLACES = """
select c.cell, p.nodeport as port
  from unnest($1::integer[]) as c(cell)
  join pg_dist_shard_placement p on p.shardid = get_shard_id_for_distribution_column('events', c.cell)
"""


@dataclass
class Spread:
    """A database whose nodes are reached by relays, and a server on it."""

    url: str
    server: RunningServer
    relays: dict[Address, Relay]

    def merchant_of_each_node(self) -> dict[Address, Merchant]:
        """One whose cell is there."""
        desk = Desk(self.url)
        try:
            merchants = [make_merchant(desk, self.server, CELLS) for _ in range(CELLS)]
        finally:
            desk.close()
        cells = {row["merchant_id"]: row["cell"] for row in rows_of(self.url, "select merchant_id, cell from tenants")}
        ports = {row["cell"]: row["port"] for row in rows_of(self.url, PLACES, list(range(1, CELLS + 1)))}
        nodes = {relay.address[1]: node for node, relay in self.relays.items()}
        return {nodes[ports[cells[merchant.id]]]: merchant for merchant in merchants}


@pytest.fixture
def spread_out(log_path: Path) -> Iterator[Spread]:
    """Such a database, and a server."""
    relays: dict[Address, Relay] = {}

    def reached(node: Address) -> Address:
        relays[node] = Relay(*node)
        return relays[node].address

    try:
        with new_database(reached) as url:
            asyncio.run(migrate(url))
            server = RunningServer(database_url=url, log=log_path, webhook_allow_private="true", cells=str(CELLS))
            with server.running():
                yield Spread(url, server, relays)
            assert findings(url) == []
    finally:
        for relay in relays.values():
            relay.close()


def crash(url: str) -> None:
    """Kills a process of the PostgreSQL there, if that is on this machine: it loses all that it had in memory."""
    with suppress(Exception):
        [row] = rows_of(url, "select pid from pg_stat_activity where backend_type = 'checkpointer'")
        if psutil.Process(row["pid"]).name() == "postgres":
            os.kill(row["pid"], signal.SIGKILL)


def answers(url: str) -> bool:
    """Whether a PostgreSQL is there, and has recovered."""
    with suppress(asyncpg.PostgresError, OSError):
        return bool(rows_of(url, "select 1"))
    return False


def test_a_node_that_is_gone_is_missed_by_its_cells_alone(spread_out: Spread, receiver: Receiver) -> None:
    server, url = spread_out.server, spread_out.url
    merchants = spread_out.merchant_of_each_node()
    (gone, unlucky), (_, lucky), *_ = merchants.items()
    journals = [Journal(unlucky.key()), Journal(lucky.key())]
    for number, (journal, merchant) in enumerate(zip(journals, (unlucky, lucky), strict=True)):
        receiver.register(merchant.caller(), f"/{number}", lambda _: TAKEN)
        journal.register_customer(server.base)
    here, there = journals[1], journals[0]
    with Follower(lucky.caller()) as follower, Crowd(server.base, here, 4), Crowd(server.base, there, 4):
        until(lambda: min(len(here.acknowledged), len(there.acknowledged)) > 20)
        spread_out.relays[gone].cut()
        crash(on(url, gone))
        cut_at, told, sent = time.monotonic(), len(there.acknowledged), len(receiver.at("/1"))
        seen = len(follower.seen)
        while time.monotonic() < cut_at + AWAY_SECONDS:
            served = len(here.acknowledged)
            until(lambda served=served: len(here.acknowledged) > served, 10)  # type: ignore[misc]
            time.sleep(0.5)
        assert len(there.acknowledged) <= told + 4, "what was under way"
        assert len(receiver.at("/1")) > sent + 20, "webhooks of the others go out"
        assert len(follower.seen) > seen + 20, "their feed goes on"
        assert unlucky.caller().get("/billing/accounts/none").status_code == 503
        made = dues("merchants", "create", "One more", database_url=url, cells=str(CELLS))
        assert made.returncode != 0, "the directory is changed on all nodes, or on none"
        until(lambda: answers(on(url, gone)), CRASH_SECONDS)
        spread_out.relays[gone].mend()
        until(lambda: len(there.acknowledged) > told + 10, RECOVERY_SECONDS)
    assert set(here.refused_as()) <= {(503, "unavailable")}
    assert set(there.refused_as()) == {(503, "unavailable")}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in there.refusals)
    assert here.broken == there.broken == 0
    for journal in journals:
        journal.hold_to(server.base, url)
    for number, merchant in enumerate((unlucky, lucky)):
        events = merchant.caller().everything("/billing/events", order="oldest_first")
        hold_to_order(events)
        wanted = {one["id"] for one in events}
        until(lambda number=number, wanted=wanted: receiver.ids(f"/{number}") >= wanted, COMPLETION_SECONDS)  # type: ignore[misc]
        receiver.hold_to_order(f"/{number}")
    hold_to_order(follower.seen)
