"""A front door with a few endpoints of the tests' own, behind real sockets, in a thread."""

import asyncio
import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvloop

from dues.draining import DrainingServer
from dues.http.client_address import parse_networks
from dues.http.connections import Connections
from dues.http.cors import Cors
from dues.http.entrance import Entrance
from dues.http.exchange import Exchange
from dues.http.metrics import Metrics
from dues.http.problems import Reply
from dues.http.request_log import RequestLog
from dues.http.route_table import Routes, RouteTable
from dues.server import uvicorn_config

LARGE = b"x" * 4_000_000


async def slow(exchange: Exchange) -> Reply:
    """Answers with what was asked, after as many milliseconds."""
    milliseconds = exchange.path_parameters["milliseconds"]
    await asyncio.sleep(int(milliseconds) / 1000)
    return Reply(200, milliseconds.encode())


async def known(exchange: Exchange) -> Reply:
    """Answers whoever it is, as one with a key."""
    exchange.key_id = "key_0"
    return Reply(200, b"{}")


async def large(_exchange: Exchange) -> Reply:
    """Answers with more than any buffer takes."""
    return Reply(200, LARGE)


async def fresh(_exchange: Exchange) -> Reply:
    """Answers with a megabyte that nobody else has."""
    return Reply(200, b"x" * 1_000_000)


async def echo(exchange: Exchange) -> Reply:
    """Answers with the body."""
    return Reply(200, await exchange.json_body())


ROUTES: Routes = {
    "/slow/{milliseconds}": {"GET": slow},
    "/known": {"GET": known},
    "/large": {"GET": large},
    "/fresh": {"GET": fresh},
    "/echo": {"POST": echo},
}


class Stage:
    """The server in its thread, and what it logged."""

    def __init__(
        self,
        connections_max: int,
        idle_seconds: float,
        *,
        drain_seconds: float = 0,
        cors: Cors | None = None,
        trusted_proxies: str = "",
    ) -> None:
        self.lines: list[dict[str, Any]] = []
        log = RequestLog(lambda line: self.lines.append(json.loads(line)), for_people=False)
        entrance = Entrance(RouteTable(ROUTES, "/docs"), Metrics(), "/docs", log, cors)
        connections = Connections(entrance, connections_max, idle_seconds, parse_networks(trusted_proxies))
        self.server = DrainingServer(uvicorn_config(connections), connections, drain_seconds)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        await self.server.serve(sockets=[self.listener])

    def start(self) -> None:
        """Returns when it serves."""
        self._thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        """Returns when it has stopped."""
        self.server.should_exit = True
        assert self.has_ended(20)

    def has_ended(self, seconds: float) -> bool:
        """Whether it has, after so long at most."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def do(self, work: Callable[[], Any]) -> Any:
        """The result of `work`, done between two turns of the server's loop."""

        async def worked() -> Any:
            return work()

        return asyncio.run_coroutine_threadsafe(worked(), self.loop).result(10)

    def wait_until_empty(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Returns when nobody is connected any more. Calls `meanwhile` until then, and once at least."""
        deadline = time.monotonic() + 20
        meanwhile()
        while self.do(lambda: len(self.server.server_state.connections)):
            assert time.monotonic() < deadline, "somebody stays"
            time.sleep(0.01)
            meanwhile()

    @contextmanager
    def connected(self) -> Iterator["Client"]:
        """Somebody connected to it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as bare:
            yield Client(bare)


class Client:
    """A bare connection: it sends what it is told to, and reads answers one by one."""

    def __init__(self, bare: socket.socket) -> None:
        self.bare = bare
        self._received = b""

    def send(self, *parts: bytes) -> None:
        """Sends each part in a packet of its own."""
        for part in parts:
            self.bare.sendall(part)
            time.sleep(0.01 if len(parts) > 1 else 0)

    def wait_for_answer(self) -> None:
        """Returns when something has come that could be read."""
        assert select.select([self.bare], [], [], 20)[0]

    def head(self) -> str:
        """The next head."""
        while b"\r\n\r\n" not in self._received:
            self._more()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        return head.decode()

    def answer(self, *, has_body: bool = True) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        first, *lines = self.head().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = int(headers["content-length"]) if has_body else 0
        while len(self._received) < length:
            self._more()
        body, self._received = self._received[:length], self._received[length:]
        return int(first.split()[1]), headers, body

    def problem(self) -> tuple[int, str, bool]:
        """Status and code of the next answer, which is a whole problem, and whether it ends the connection."""
        status, headers, body = self.answer()
        problem = json.loads(body)
        assert headers["content-type"] == "application/problem+json"
        assert (problem["status"], problem["request_id"]) == (status, headers["request-id"])
        assert {"type", "title", "detail", "instance"} <= problem.keys()
        return status, problem["code"], headers.get("connection") == "close"

    def is_closed(self) -> bool:
        """Waits for the end; whether nothing came before it."""
        return self._received == b"" and self.bare.recv(1) == b""

    def _more(self) -> None:
        received = self.bare.recv(65_536)
        assert received, f"closed after {self._received!r}"
        self._received += received


def get(path: str, *lines: str, version: str = "1.1") -> bytes:
    """A GET."""
    return "\r\n".join([f"GET {path} HTTP/{version}", "Host: x", *lines, "", ""]).encode()


def post(body: bytes, *lines: str, path: str = "/echo", length: int | None = None) -> bytes:
    """A POST of JSON."""
    head = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *lines]
    head += [f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*head, "", ""]).encode() + body
