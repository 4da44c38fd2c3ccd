"""Whatever one hostile client does, a merchant is served: at once, and by a server that does not grow."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from tests.conftest import Merchant
from tests.journeys.home import stopped_at_the_end
from tests.journeys.hostile.attack import ATTACKS
from tests.running import RunningServer, new_key, new_reference

FILES = 1_024

LATE_MS = 100.0

SOAK = bool(os.environ.get("DUES_TEST_SOAK"))

SECONDS = 10.0 if SOAK else 2.5

IN_SHORT = ["idle", "slow-heads", "slow-readers", "pipelining"]


class Visitor:
    """Somebody with a key, who measures how long it takes: on a kept connection, and on new ones."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._kept = HTTPConnection("127.0.0.1", port, timeout=10)

    def waits(self, seconds: float) -> list[float]:
        """How long each of its requests took, in milliseconds."""
        waits = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            waits.append(self._timed(self._kept, "GET", "/healthz"))
            waits.append(self._create(self._kept))
            with closing(HTTPConnection("127.0.0.1", self._port, timeout=10)) as new:
                waits.append(self._create(new))
            time.sleep(0.02)
        return waits

    def close(self) -> None:
        """It goes."""
        self._kept.close()

    def _create(self, connection: HTTPConnection) -> float:
        body = {"external_reference": new_reference("H"), "name": "Jane Doe"}
        return self._timed(connection, "POST", "/billing/customers", json.dumps(body))

    def _timed(self, connection: HTTPConnection, method: str, path: str, body: str | None = None) -> float:
        """As every client does: where a kept connection turns out to be closed, once more on a new one."""
        started = time.perf_counter()
        head = self._head | {"Idempotency-Key": new_key()}
        try:
            connection.request(method, path, body, head)
            answer = connection.getresponse()
        except ConnectionError:
            assert connection is self._kept
            connection.close()
            connection.request(method, path, body, head)
            answer = connection.getresponse()
        assert answer.status in (200, 201), answer.read()
        answer.read()
        return (time.perf_counter() - started) * 1_000


def p99(waits: list[float]) -> float:
    """What all but one in a hundred stay below."""
    return sorted(waits)[len(waits) * 99 // 100]


@pytest.fixture(scope="module")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that may open few files."""
    log: Path = tmp_path_factory.mktemp("hostile") / "log"
    server = RunningServer(database_url=database_url, log=log, log_level="warning")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
    with stopped_at_the_end(server):
        try:
            server.start()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        yield server


@pytest.mark.parametrize("kind", sorted(ATTACKS) if SOAK else IN_SHORT)
def test_a_merchant_is_served_beside(
    server: RunningServer, merchant: Merchant, kind: str, request: pytest.FixtureRequest
) -> None:
    assert server.process
    process = psutil.Process(server.process.pid)
    visitor = Visitor(server.port, merchant.key())
    request.addfinalizer(visitor.close)
    visitor.waits(0.3)
    quiet, before = p99(visitor.waits(0.7)), process.memory_info().rss
    command = [sys.executable, "-m", "tests.journeys.hostile.attack", kind, str(server.port), str(SECONDS + 1.5)]
    with subprocess.Popen(command) as attacker:
        time.sleep(1.5)  # a client that has just come is given a second
        waits = visitor.waits(SECONDS)
        grown = process.memory_info().rss - before
        attacker.wait(20)
    figures = f"{kind}: p99 {p99(waits):.1f} ms ({quiet:.1f} quiet), slowest {max(waits):.0f}, {grown >> 20} MiB more"
    print(figures)
    assert p99(waits) < max(LATE_MS, 3 * quiet), figures
    assert grown < 100_000_000, figures
