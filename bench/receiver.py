"""`python -m bench.receiver`: takes webhooks, and remembers when which object's arrived.

A program of its own that does no more than it must. It prints its port; to each line on stdin it answers with one of
JSON: "count" with how many have arrived, "take" with the objects and times of all of them, which it then forgets.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

import msgspec

from bench.load import run_on_uvloop
from bench.processes import Server

Arrival = tuple[str, float]
"""The object that an event is about, and the time on CLOCK_MONOTONIC, which all processes share."""

_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receiver:
    """A running receiver."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.usage = Server(process.pid)
        self.port = int(cast(IO[bytes], process.stdout).readline())

    @property
    def url(self) -> str:
        """Where events are to be sent."""
        return f"http://127.0.0.1:{self.port}/webhooks"

    def count(self) -> int:
        """How many have arrived."""
        return msgspec.json.decode(self._ask(b"count"), type=int)

    def take(self) -> list[Arrival]:
        """All that have arrived since they were last taken."""
        return msgspec.json.decode(self._ask(b"take"), type=list[Arrival])

    def _ask(self, what: bytes) -> bytes:
        asked, answered = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        asked.write(what + b"\n")
        asked.flush()
        return answered.readline()


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver, ended at the end."""
    command = [sys.executable, "-m", "bench.receiver"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Receiver(process)
    finally:
        process.kill()
        process.wait()


class _Connection(asyncio.Protocol):
    """Answers 204 to each whole request."""

    arrivals: list[Arrival]

    def __init__(self, arrivals: list[Arrival]) -> None:
        self.arrivals = arrivals
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (head_ends := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[: head_ends + 2].lower()
            ends = head_ends + 4 + int(_value(head, b"content-length:"))
            if len(self.received) < ends:
                return
            at = head.index(b"dues-object:") + 12
            name = self.received[at : head.index(b"\r", at)].strip().decode()  # as it was: ids have capitals
            self.arrivals.append((name, time.monotonic()))
            self.received = self.received[ends:]
            self.transport.write(_TAKEN)


def _value(head: bytes, name: bytes) -> bytes:
    at = head.index(name) + len(name)
    return head[at : head.index(b"\r", at)]


async def _receive() -> None:
    arrivals: list[Arrival] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(arrivals), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line == "count\n":
            print(len(arrivals), flush=True)
        else:
            print(msgspec.json.encode(arrivals).decode(), flush=True)
            arrivals.clear()


if __name__ == "__main__":
    run_on_uvloop(_receive())
