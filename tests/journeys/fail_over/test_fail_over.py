"""The primary is killed, frozen, demoted and cut off while accounts are opened and paid: nothing that was acknowledged
is lost or doubled, and things go on soon after the promotion. With the configuration of the guide."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import findings
from tests.journeys.fail_over.cluster import Cluster, Machine, Server, lacking, url_of_the_guide
from tests.journeys.fail_over.crowd import Follower, Promotion, Stubborn
from tests.journeys.journal import SOAK, Journal, hold_to_json, keys_in
from tests.journeys.own_database import rows_of, until
from tests.journeys.paying_journal import PayingJournal

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not SOAK, reason="takes long"),
    pytest.mark.skipif(SOAK and bool(lacking()), reason=str(SOAK and lacking())),
]

ROUNDS = int(os.environ.get("DUES_TEST_FAIL_OVERS", "5"))
"""Of each fault."""

PAUSE_SECONDS = 0.2
"""Of each client between two wishes: each of these is looked at afterwards."""

GOES_ON_SECONDS = 10.0
"""After the promotion."""

PROMOTED_SECONDS = 40.0
"""After the fault: twice what the guide's `ttl` says, on a machine that others use too."""


Fault = Callable[[Cluster, Machine], None]
"""What happens to the primary."""


def kill(_: Cluster, primary: Machine) -> None:
    """Its power fails."""
    primary.signal(signal.SIGKILL)


def freeze(_: Cluster, primary: Machine) -> None:
    """PostgreSQL and Patroni on it stand still. etcd does not: what the others do where it does is its own affair."""
    primary.signal(signal.SIGSTOP, but="etcd")


def demote(cluster: Cluster, _: Machine) -> None:
    """Somebody changes over."""
    cluster.switch_over()


def cut_off(cluster: Cluster, primary: Machine) -> None:
    """Its cable is pulled."""
    cluster.cut_off(primary)


FAULTS: dict[str, tuple[Fault, Fault]] = {
    "kill": (kill, lambda _, machine: machine.start()),
    "freeze": (freeze, lambda _, machine: machine.signal(signal.SIGCONT)),
    "demote": (demote, lambda _, machine: None),
    "cut off": (cut_off, lambda cluster, machine: cluster.connect_again(machine)),
}
"""Each with what ends it, some seconds after the promotion, while clients are at work."""


@dataclass
class Stage:
    """All that takes part."""

    cluster: Cluster
    server: Server
    url: str
    opened: Journal
    paid: PayingJournal
    follower: Follower


@dataclass
class Result:
    """What one fault did."""

    promoted: float
    goes_on: float
    outage: float
    lost: int
    doubled: int


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The cluster, with dues beside it, which knows it by the URL of the guide."""
    cluster = Cluster()
    with cluster.running():
        owner = cluster.url("postgres", "change-me", "postgres")
        rows_of(owner, "create role dues login password 'a long one'")
        rows_of(owner, "create database dues owner dues")
        server = Server(cluster, url_of_the_guide(), tmp_path_factory.mktemp("fail_over") / "log")
        with server.running():
            [file] = (cluster.folder / "dues").rglob("keys-of-mer_*")
            secret = keys_in(file.read_text())["test", "secret"]
            opened, paid = Journal(secret), PayingJournal(secret)
            opened.register_customer(server.base)
            paid.move_in(server.base)
            with Follower(server.base, secret) as follower:
                yield Stage(cluster, server, cluster.url("dues", "a%20long%20one", "dues"), opened, paid, follower)
        hold_to_json(server.log)


def go_through(stage: Stage, begin: Fault, end: Fault) -> Result:
    """One fault, from a whole cluster to a whole cluster, with clients at work all the time."""
    cluster, opened, paid = stage.cluster, stage.opened, stage.paid
    primary, standby = cluster.primary(), cluster.standby()
    assert primary
    assert standby
    watched = f"postgresql://postgres:change-me@127.0.0.1:{cluster.doors[f'sql{standby.number}']}/postgres"
    openers, payers = [Stubborn(stage.server.base, one, 4, PAUSE_SECONDS) for one in (opened, paid)]
    with openers, payers, Promotion(watched) as promotion:
        time.sleep(2)
        fault_at = time.monotonic()
        begin(cluster, primary)
        until(lambda: promotion.at, PROMOTED_SECONDS)
        assert promotion.at
        until(lambda: openers.first_after(promotion.at or 0) and payers.first_after(promotion.at or 0), 30)
        time.sleep(5)
        end(cluster, primary)
        until(lambda: cluster.primary() == standby and cluster.standby() == primary, 120)
        time.sleep(1)
    first = max(openers.first_after(promotion.at) or 0, payers.first_after(promotion.at) or 0)
    outage = max(one.outage_seconds(fault_at) for one in (openers, payers))
    lost, doubled = lost_and_doubled(stage)
    return Result(promotion.at - fault_at, first - promotion.at, outage, lost, doubled)


def lost_and_doubled(stage: Stage) -> tuple[int, int]:
    """How many of all that were acknowledged are not there, and how many references are there more than once."""
    query = "select id, external_reference as reference from {}"
    rows = [row for table in ("accounts", "payments") for row in rows_of(stage.url, query.format(table))]
    there = {row["id"] for row in rows}
    wishes = [*stage.opened.acknowledged, *stage.paid.acknowledged]
    lost = sum(wish.id not in there for wish in wishes)
    return lost, len(rows) - len({row["reference"] for row in rows})


def hold_to(stage: Stage, since: tuple[int, int]) -> None:
    """Everything is as it was told, and the feed has told everything once."""
    stage.opened.hold_to(stage.server.base, stage.url, since[0])
    stage.paid.hold_to(stage.server.base, stage.url, since[1])
    for journal in (stage.opened, stage.paid):
        assert set(journal.refused_as()) <= {(503, "unavailable"), (409, "request_in_progress")}
    mode = "select tenant_id from accounts limit 1"
    events = rows_of(stage.url, f"select id from events where tenant_id = ({mode}) order by position")
    stage.follower.catch_up([row["id"] for row in events])
    assert findings(stage.url) == []


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_acknowledged_is_lost_or_doubled_and_things_go_on(stage: Stage, name: str) -> None:
    since = len(stage.opened.wishes), len(stage.paid.wishes)
    results = [go_through(stage, *FAULTS[name]) for _ in range(ROUNDS)]
    lost, doubled = sum(one.lost for one in results), sum(one.doubled for one in results)
    figures = [spread(one.promoted for one in results), spread(one.goes_on for one in results)]
    outage = max(one.outage for one in results)
    print(f"\n| {name} | {len(results)} | {lost} | {doubled} | {' | '.join(figures)} | {outage:.1f} |")
    assert (lost, doubled) == (0, 0)
    hold_to(stage, since)
    assert max(one.goes_on for one in results) < GOES_ON_SECONDS


def spread(seconds: Iterator[float]) -> str:
    """From the least to the most."""
    found = sorted(seconds)
    return f"{found[0]:.1f} to {found[-1]:.1f}"
