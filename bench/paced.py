"""`python -m bench.paced`: sends creates at a steady pace, whatever the server does, and notes when each was answered.

A program of its own, like `bench.load`: a Pace comes in on stdin, what was answered goes out on stdout, both JSON.
"""

import asyncio
import re
import subprocess
import sys
import time
from collections import deque
from typing import cast

import msgspec
from msgspec import Struct

from bench.load import is_whole, run_on_uvloop
from bench.requests import Creates

CONNECTIONS = 64

_ID = re.compile(rb'"id":"(bacc_\w+)"')


class Pace(Struct, frozen=True):
    """What to send to 127.0.0.1:`port`: so many per second, for so many seconds."""

    port: int
    creates: Creates
    per_second: int
    seconds: float


class Answered(Struct, frozen=True):
    """The accounts that were created, each with the time on CLOCK_MONOTONIC at which that was known; how many requests
    were not answered with 201; and how long the others took, from when they were due."""

    accounts: dict[str, float]
    failed: int
    p50_ms: float
    p99_ms: float


def paced(pace: Pace) -> Answered:
    """Sends in a process of its own and waits for it."""
    command = [sys.executable, "-m", "bench.paced"]
    done = subprocess.run(command, input=msgspec.json.encode(pace), stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Answered)


class _Connection(asyncio.Protocol):
    """One client: sends what it is given, and is free again when that is answered."""

    def __init__(self, free: "deque[_Connection]", accounts: dict[str, float], seconds: list[float]) -> None:
        self.free, self.accounts, self.seconds = free, accounts, seconds
        self.received, self.due = b"", 0.0

    def send(self, request: bytes, due: float) -> None:
        """Sends a request that was to be sent at `due`."""
        self.due = due
        self.transport.write(request)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.free.append(self)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if is_whole(self.received):
            if found := _ID.search(self.received):
                self.accounts[found[1].decode()] = now = time.monotonic()
                self.seconds.append(now - self.due)
            self.received = b""
            self.free.append(self)


async def _perform(pace: Pace) -> Answered:
    loop = asyncio.get_running_loop()
    free: deque[_Connection] = deque()
    accounts: dict[str, float] = {}
    seconds: list[float] = []
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: _Connection(free, accounts, seconds), "127.0.0.1", pace.port)
    sent, began, requests = 0, time.monotonic(), iter(pace.creates)
    while (elapsed := time.monotonic() - began) < pace.seconds:
        while free and sent < elapsed * pace.per_second:
            free.popleft().send(next(requests), began + sent / pace.per_second)
            sent += 1
        await asyncio.sleep(min(0.001, 0.5 / pace.per_second))
    await asyncio.sleep(1)
    seconds.sort()
    p50_ms, p99_ms = (seconds[int(len(seconds) * part)] * 1000 if seconds else float("nan") for part in (0.5, 0.99))
    return Answered(accounts, sent - len(accounts), p50_ms, p99_ms)


def main() -> None:
    """Keeps the pace on stdin."""
    pace = msgspec.json.decode(sys.stdin.buffer.read(), type=Pace)
    sys.stdout.buffer.write(msgspec.json.encode(run_on_uvloop(_perform(pace))))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
