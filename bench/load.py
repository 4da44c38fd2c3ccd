"""`python -m bench.load`: sends requests over keep-alive connections, each sending its next when answered.

It is a program of its own, so that its work is not the measured server's, and does no more per request than it
must: a Load comes in on stdin, an Outcome goes out on stdout, both JSON. SIGTERM ends it early.
"""

import asyncio
import gc
import signal
import subprocess
import sys
import time
from array import array
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Struct

from bench.requests import Requests

Result = TypeVar("Result")

PATIENCE_SECONDS = 30
"""How long after the end of sending a last answer is waited for."""


CONNECTED = b"\n"
"""What is said as soon as all connections are open; in front of an Outcome it is white space."""


class Load(Struct, frozen=True):
    """What to send to 127.0.0.1:`port`; it ends after `seconds`, or earlier when `at_most` requests were sent."""

    port: int
    requests: Requests
    connections: int
    seconds: float
    at_most: int = sys.maxsize


class Outcome(Struct, frozen=True):
    """What came of a load: `answered` with 2xx within `seconds`; `failures` by status, or `lost` connections.

    Latencies are milliseconds; `client_us` is the load generator's own CPU, in microseconds per request.
    """

    answered: int
    seconds: float
    p50_ms: float
    p99_ms: float
    client_us: float
    failures: dict[str, int]

    @property
    def per_second(self) -> float:
        """2xx answers per second."""
        return self.answered / self.seconds


def send(load: Load) -> Outcome:
    """Runs the load in a process of its own and waits for it."""
    command = [sys.executable, "-m", "bench.load"]
    done = subprocess.run(command, input=msgspec.json.encode(load), stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Outcome)


@contextmanager
def meanwhile(load: Load) -> Iterator[list[Outcome]]:
    """While `load` is sent, from when all its connections are open; it ends with the block, and is in the list then."""
    outcome: list[Outcome] = []
    with subprocess.Popen(
        [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(msgspec.json.encode(load))
        process.stdin.close()
        process.stdout.read(len(CONNECTED))
        try:
            yield outcome
        finally:
            process.terminate()
            answer = process.stdout.read()
        outcome.append(msgspec.json.decode(answer, type=Outcome))


def run_on_uvloop(main: Coroutine[Any, Any, Result]) -> Result:
    """Runs `main` on uvloop where there is one."""
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop

    return uvloop.run(main)


class _Run:
    """What the connections share: the next request, and what became of the earlier ones."""

    def __init__(self, load: Load, finished: asyncio.Event) -> None:
        self.upcoming = iter(load.requests)
        self.left = load.at_most
        self.open = load.connections
        self.finished = finished
        self.latencies = array("d")
        self.failures: Counter[str] = Counter()
        self.began = self.last = time.perf_counter()
        self.ends = self.began + load.seconds

    def next_request(self, now: float) -> bytes | None:
        if now >= self.ends or self.left <= 0:
            return None
        self.left -= 1
        return next(self.upcoming)

    def end(self) -> None:
        """No more is sent; what was sent is waited for."""
        self.ends = 0.0

    def connection_closed(self) -> None:
        self.open -= 1
        if not self.open:
            self.finished.set()


class _Connection(asyncio.Protocol):
    """One client: writes a request, waits for the whole answer, writes the next."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.sent_at = 0.0
        self.received = b""
        self.waits = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._send(time.perf_counter())

    def _send(self, now: float) -> None:
        request = self.run.next_request(now)
        if request is None:
            self.waits = False
            self.transport.close()
            return
        self.waits = True
        self.sent_at = now
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self.received + data if self.received else data
        if not is_whole(received):
            self.received = received
            return
        self.received = b""
        now = time.perf_counter()
        if received[9:10] == b"2":
            self.run.latencies.append(now - self.sent_at)
            self.run.last = now
        else:
            self.run.failures[received[9:12].decode()] += 1
        self._send(now)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.waits:
            self.run.failures["lost"] += 1
        self.run.connection_closed()


def is_whole(answer: bytes) -> bool:
    """Whether a head and all of its body are there. Every answer here has a Content-Length (a 204 would not)."""
    head_ends = answer.find(b"\r\n\r\n")
    if head_ends < 0:
        return False
    head = answer[: head_ends + 2].lower()
    at = head.index(b"content-length:") + 15
    return len(answer) >= head_ends + 4 + int(head[at : head.index(b"\r", at)])


async def _perform(load: Load) -> Outcome:
    loop = asyncio.get_running_loop()
    finished = asyncio.Event()
    run = _Run(load, finished)
    cpu_before = time.process_time()
    for _ in range(load.connections):
        await loop.create_connection(lambda: _Connection(run), "127.0.0.1", load.port)
    if sys.platform != "win32":
        loop.add_signal_handler(signal.SIGTERM, run.end)
    sys.stdout.buffer.write(CONNECTED)
    sys.stdout.buffer.flush()
    try:
        await asyncio.wait_for(finished.wait(), load.seconds + PATIENCE_SECONDS)
    except TimeoutError:
        run.failures["unanswered"] += run.open
    cpu_us = (time.process_time() - cpu_before) * 1e6

    latencies = sorted(run.latencies)
    count = len(latencies)
    return Outcome(
        answered=count,
        seconds=run.last - run.began,
        p50_ms=latencies[count // 2] * 1e3 if count else 0.0,
        p99_ms=latencies[count * 99 // 100] * 1e3 if count else 0.0,
        client_us=cpu_us / max(count, 1),
        failures=dict(run.failures),
    )


def main() -> None:
    """Performs the load on stdin."""
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    gc.disable()  # nothing here makes cycles, and a pause would be counted as the server's
    sys.stdout.buffer.write(msgspec.json.encode(run_on_uvloop(_perform(load))))


if __name__ == "__main__":
    main()
