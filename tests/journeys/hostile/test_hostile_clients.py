"""Whatever one hostile client does, a merchant is served: at once, and by a server that does not grow."""

import json
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
from _pytest.mark import ParameterSet

from tests.conftest import Merchant
from tests.journeys.home import stopped_at_the_end
from tests.journeys.hostile.attack import ATTACKS
from tests.journeys.journal import SOAK
from tests.journeys.own_database import until
from tests.running import RunningServer, new_key, new_reference

FILES = 1_024

LATE_MS = 100.0

GROWN_MAX = 100 << 20
"""By how many bytes the server may grow meanwhile."""

KEPT_MAX = 20 << 20
"""How many of them it may keep: what the allocator holds for the next time, and not per client."""

SECONDS = 10.0 if SOAK else 1.5

IN_SHORT = "idle"
"""What is tried every time; the others need many seconds of two processors."""


class Visitor:
    """Somebody with a key, who measures how long it takes: on a kept connection, and on new ones."""

    def __init__(self, server: RunningServer, key: str) -> None:
        assert server.process
        self._process = psutil.Process(server.process.pid)
        self._port = server.port
        self._head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._kept = HTTPConnection("127.0.0.1", self._port, timeout=10)
        self.largest = 0
        """How many bytes the server had at most while this one was there."""

    def memory(self) -> int:
        """How many bytes the server has."""
        return int(self._process.memory_info().rss)

    def gets_in(self) -> bool:
        """Whether its key is looked up: one that nobody has seen yet waits while others guess from where it is."""
        self._kept.request("GET", "/billing/customers", headers=self._head)
        answer = self._kept.getresponse()
        answer.read()
        return answer.status == 200

    def waits(self, seconds: float) -> list[float]:
        """How long each of its requests took, in milliseconds."""
        waits = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            waits.append(self._timed(self._kept, "GET", "/healthz"))
            waits.append(self._create(self._kept))
            with closing(HTTPConnection("127.0.0.1", self._port, timeout=10)) as new:
                waits.append(self._create(new))
            self.largest = max(self.largest, self.memory())
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


def kinds() -> list[ParameterSet]:
    """All attacks, of which most are for `make soak`."""
    takes_long = [pytest.mark.soak, pytest.mark.skipif(not SOAK, reason="takes long")]
    return [pytest.param(kind, marks=[pytest.mark.soak] if kind == IN_SHORT else takes_long) for kind in ATTACKS]


@pytest.mark.parametrize("kind", kinds())
def test_a_merchant_is_served_beside(server: RunningServer, merchant: Merchant, kind: str) -> None:
    with closing(Visitor(server, merchant.key())) as visitor:
        until(visitor.gets_in, 10)
        visitor.waits(0.3)
        quiet, before = p99(visitor.waits(0.7)), visitor.memory()
        command = [sys.executable, "-m", "tests.journeys.hostile.attack", kind, str(server.port), str(SECONDS + 1.5)]
        with subprocess.Popen(command) as attacker:
            time.sleep(1.5)  # a client that has just come is given a second
            waits = visitor.waits(SECONDS)
            assert attacker.wait(20) == 0
        grown = visitor.largest - before
        until(lambda: visitor.memory() - before < KEPT_MAX, 10)
        kept = visitor.memory() - before
    print(
        f"{kind}: p99 {p99(waits):.1f} ms ({quiet:.1f} quiet), slowest {max(waits):.0f} of {len(waits)}, "
        f"{grown / 2**20:.0f} MiB more, {kept / 2**20:.0f} kept"
    )
    assert p99(waits) < max(LATE_MS, 3 * quiet)
    assert grown < GROWN_MAX
