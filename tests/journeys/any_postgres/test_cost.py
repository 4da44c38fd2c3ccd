"""What a create costs by each way, side by side on one PostgreSQL: `make soak` prints it with -s.

Rounds of all ways follow each other, so what else the machine does meanwhile is shared by all.
"""

import json
import os
import statistics
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from dues.db.embedded import BINARIES
from tests.journeys.any_postgres.test_matrix import pgbouncer_before
from tests.journeys.home import dues
from tests.journeys.journal import keys_in
from tests.pgbouncer import PREPARED_SINCE, PgBouncer, find_pgbouncer
from tests.postgres_server import PostgresServer, running
from tests.running import RunningServer, new_key, new_reference

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not os.environ.get("DUES_TEST_SOAK"), reason="takes long: make soak"),
]

ROUNDS = 8
CREATES = 400
CLIENTS = (1, 16)


def processes(root: int) -> list[psutil.Process]:
    """A process and all that it has begun."""
    first = psutil.Process(root)
    return [first, *first.children(recursive=True)]


def cpu_seconds(roots: list[int]) -> float:
    """What they have used so far."""
    return sum(sum(one.cpu_times()[:2]) for root in roots for one in processes(root))


def create(port: int, secret: str, number: int) -> None:
    """So many accounts, one after the other, on one connection."""
    head = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        for _ in range(number):
            body = {
                "customer": {"external_reference": new_reference("CUST")},
                "external_reference": new_reference("UAR"),
            }
            connection.request("POST", "/billing/accounts", json.dumps(body), head | {"Idempotency-Key": new_key()})
            answer = connection.getresponse()
            assert answer.status == 201, answer.read()
            answer.read()


def test_what_a_create_costs(empty_folder: Path) -> None:
    with ExitStack() as open_until_the_end:
        postgres = open_until_the_end.enter_context(running(PostgresServer(BINARIES)))
        postgres.rows("create database dues")
        ways: dict[str, tuple[dict[str, str], list[PgBouncer]]] = {"direct": ({"database_url": postgres.url()}, [])}
        session = open_until_the_end.enter_context(pgbouncer_before(postgres, "session", "default_pool_size = 60"))
        ways["session"] = ({"database_url": session.url(), "pooler": "session"}, [session])
        for mode, since in (("transaction", (1, 0)), ("transaction-prepared", PREPARED_SINCE)):
            if find_pgbouncer(since):
                lends = open_until_the_end.enter_context(pgbouncer_before(postgres, "transaction", since=since))
                urls = {"database_url": lends.url(), "session_database_url": postgres.url()}
                ways[mode] = (urls | {"pooler": mode}, [lends])
        servers = {}
        secret = ""
        for way, (settings, _) in ways.items():
            server = RunningServer(data=empty_folder / "data", log=empty_folder / way, webhooks="false", **settings)
            printed = server.start()
            open_until_the_end.callback(server.stop)
            secret = secret or keys_in(printed)["test", "secret"]
            servers[way] = server
        measured = measure(servers, {way: poolers for way, (_, poolers) in ways.items()}, postgres, secret)
        done = dues("verify", database_url=postgres.url())
        assert done.returncode == 0, done.stdout
    tell(measured)


Measured = dict[tuple[str, int, str], list[float]]
"""(way, clients, what) to the figure of each round, per create."""


def measure(
    servers: dict[str, RunningServer], poolers: dict[str, list[PgBouncer]], postgres: PostgresServer, secret: str
) -> Measured:
    """All ways in turn, round by round; the first round warms up."""
    found: Measured = defaultdict(list)
    for turn in range(ROUNDS + 1):
        for clients in CLIENTS:
            for way, server in servers.items():
                assert server.process
                roots = {"dues": [server.process.pid], "PostgreSQL": [postgres.pid]}
                roots["pooler"] = [pooler.pid for pooler in poolers[way]]
                before, began = {name: cpu_seconds(of) for name, of in roots.items()}, time.monotonic()
                with ThreadPoolExecutor(clients) as threads:
                    list(threads.map(lambda _: create(server.port, secret, CREATES // clients), range(clients)))  # noqa: B023
                if turn:
                    found[way, clients, "ms"].append(1000 * (time.monotonic() - began) / CREATES)
                    for name, of in roots.items():
                        found[way, clients, name].append(1000 * (cpu_seconds(of) - before[name]) / CREATES)
    return found


def tell(measured: Measured) -> None:
    """A table: medians, and how they compare to the direct way, round by round."""
    print("\n| way | clients | ms | times direct | CPU ms: dues | PostgreSQL | pooler | CPU, times direct |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for way, clients in dict.fromkeys((way, clients) for way, clients, _ in measured):
        figures = {name: measured[way, clients, name] for name in ("ms", "dues", "PostgreSQL", "pooler")}
        direct = {name: measured["direct", clients, name] for name in figures}
        cpu = [sum(one) for one in zip(*list(figures.values())[1:], strict=True)]
        direct_cpu = [sum(one) for one in zip(*list(direct.values())[1:], strict=True)]
        ratio = statistics.median(a / b for a, b in zip(figures["ms"], direct["ms"], strict=True))
        cpu_ratio = statistics.median(a / b for a, b in zip(cpu, direct_cpu, strict=True))
        cells = [f"{statistics.median(one):.2f}" for one in figures.values()]
        print(f"| {way} | {clients} | {cells[0]} | {ratio:.2f} | {' | '.join(cells[1:])} | {cpu_ratio:.2f} |")
