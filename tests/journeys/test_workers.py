"""Several processes that serve one port: replaced when they die, gone when nobody watches them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import Merchant
from tests.journeys.burst import Shot, send_at_once
from tests.journeys.home import stopped_at_the_end
from tests.journeys.own_database import ended, until
from tests.running import RunningServer, new_key


def workers_of(server: RunningServer) -> list[psutil.Process]:
    """The processes that serve for a supervisor."""
    assert server.process
    found = []
    for child in psutil.Process(server.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


@pytest.fixture
def two_workers(database_url: str, log_path: Path) -> Iterator[RunningServer]:
    """A server of two processes, on the database that tests share."""
    server = RunningServer(database_url=database_url, log=log_path, workers="2")
    with stopped_at_the_end(server):
        server.start()
        yield server


@pytest.mark.slow
def test_several_workers_serve_are_replaced_and_stop_together(two_workers: RunningServer, merchant: Merchant) -> None:
    def serves() -> bool:
        with suppress(httpx.HTTPError):
            return merchant.caller(base=two_workers.base).open_account().status_code == 201
        return False

    def replaced(victim: psutil.Process) -> bool:
        return len(workers_of(two_workers)) == 2 and victim not in workers_of(two_workers)

    first = workers_of(two_workers)
    assert len(first) == 2
    body, key = {"external_reference": "S", "customer": {"external_reference": "S"}}, new_key()
    answers = send_at_once([Shot(two_workers.base, merchant.key(), body, key) for _ in range(20)])
    assert [answer.status for answer in answers] == [201] * 20
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19
    pools = 'dues_database_connections_max{pool="groups"} 12.0'
    until(lambda: pools in httpx.get(f"{two_workers.base}/metrics").text)
    for _ in range(4):  # whichever of the two is asked
        told = httpx.get(f"{two_workers.base}/metrics", headers={"Connection": "close"}).text
        counted = 'dues_requests_total{method="POST",route="/billing/accounts",status="201"} 20.0'
        assert counted in told, "what both have answered"
        assert told.count(pools) == 1, "and the pools of both"
        assert told.count("dues_build_info{") == told.count("\ndues_webhook_deliveries_held ") == 1

    for victim in first:
        victim.kill()
        until(lambda victim=victim: replaced(victim))  # type: ignore[misc]
        until(serves)
    last = workers_of(two_workers)
    assert two_workers.stop() == 0
    assert all(ended(worker) for worker in last)
    assert two_workers.log.read_text().count('"worker_died"') == 2


@pytest.mark.slow
def test_workers_end_when_their_supervisor_is_killed(two_workers: RunningServer, merchant: Merchant) -> None:
    workers = workers_of(two_workers)
    two_workers.kill()
    until(lambda: all(ended(worker) for worker in workers), 10)
    two_workers.start()  # on the same port
    assert merchant.caller(base=two_workers.base).open_account().status_code == 201
