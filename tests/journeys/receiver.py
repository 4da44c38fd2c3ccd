"""Somebody who is sent webhooks: checks every one, remembers it, and answers as the test wants."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from tests.journeys.own_database import until
from tests.running import Caller


@dataclass(frozen=True)
class Reply:
    """How a webhook is answered. `status` None: not at all, until the test ends."""

    status: int | None = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, eq=False)
class Arrival:
    """One webhook as it came."""

    path: str
    event_id: str
    object_id: str
    sequence: int
    type: str
    data: Any
    signatures: int
    at: float


TAKEN = Reply()
HANGS = Reply(None)
FAILS = Reply(500, body=b"no")

Behaviour = Callable[[Arrival], Reply]


class Receiver:
    """Listens on a port of loopback. Each path is an endpoint of its own, with its secrets and its behaviour."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.taken: list[Arrival] = []
        self._ids = defaultdict[str, set[str]](set)  # of taken, by path: asked for again and again while they come
        self.wrong: list[str] = []
        self._log: list[tuple[Arrival, bool]] = []  # what came, and once more when it is taken
        self.behaviour: dict[str, Behaviour] = {}
        self.secrets: dict[str, list[str]] = {}
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[socket] = set()
        self._server = self._bound(0)
        self._port: int = self._server.server_address[1]

    def _bound(self, port: int) -> ThreadingHTTPServer:
        handler = type("Handler", (_Handler,), {"receiver": self})
        server = _Server(("127.0.0.1", port), handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server

    def url(self, path: str) -> str:
        """Where a path is."""
        return f"http://127.0.0.1:{self._port}{path}"

    def register(self, caller: Caller, path: str, behaviour: Behaviour | Reply = TAKEN, **more: Any) -> str:
        """Has events sent to a path; the endpoint's id."""
        self.behave(path, behaviour)
        answer = caller.post("/billing/webhook_endpoints", {"url": self.url(path)} | more)
        assert answer.status_code == 201, answer.text
        self.secrets[path] = [answer.json()["secret"]]
        endpoint_id: str = answer.json()["id"]
        return endpoint_id

    def behave(self, path: str, behaviour: Behaviour | Reply) -> None:
        """From now on a path answers so."""
        self.behaviour[path] = (lambda _: behaviour) if isinstance(behaviour, Reply) else behaviour

    def at(self, path: str) -> list[Arrival]:
        """What came to a path, each attempt."""
        return [one for one in self.arrivals if one.path == path]

    def ids(self, path: str) -> set[str]:
        """The events that a path has taken."""
        return set(self._ids[path])

    def wait_for(self, path: str, number: int, seconds: float = 20) -> None:
        """Returns once a path has taken so many events."""
        try:
            until(lambda: len(self.ids(path)) >= number, seconds)
        except AssertionError:
            raise AssertionError(f"{path} has taken {len(self.ids(path))} of {number}") from None

    def hold_to_order(self, path: str) -> None:
        """Each event of an object came for the first time after the one before it was taken."""
        last: dict[str, int] = {}
        taken: set[tuple[str, int]] = set()
        for one, is_taken in self._log:
            if one.path != path:
                continue
            before = last.setdefault(one.object_id, one.sequence)
            if is_taken:
                taken.add((one.object_id, one.sequence))
            elif one.sequence > before:
                assert one.sequence == before + 1, f"{one} came after number {before}"
                assert (one.object_id, before) in taken, f"{one} came before number {before} was taken"
                last[one.object_id] = one.sequence

    def die(self) -> None:
        """Stops listening, and hangs up on everybody."""
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            for one in list(self._connections):
                with suppress(OSError):
                    one.shutdown(2)

    def come_back(self) -> None:
        """Listens again."""
        self._server = self._bound(self._port)

    def close(self) -> None:
        """Ends it; whoever hangs is let go."""
        self._over.set()
        self.die()

    # What the handler does ------------------------------------------------------------------------------------

    def connected(self, connection: socket, is_open: bool) -> None:
        """Keeps track of connections."""
        with self._lock:
            (self._connections.add if is_open else self._connections.discard)(connection)

    def answer_to(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Checks a webhook and decides what to say; a hang lasts until the end."""
        given = {name.lower(): value for name, value in headers.items()}
        verified = False
        for secret in list(self.secrets.get(path, [])):
            with suppress(WebhookVerificationError):
                Webhook(secret).verify(body, given)
                verified = True
        sent = json.loads(body)
        signatures = len(given["webhook-signature"].split())
        arrival = Arrival(
            path,
            given["webhook-id"],
            given["dues-object"],
            int(given["dues-sequence"]),
            sent["type"],
            sent["data"],
            signatures,
            time.monotonic(),
        )
        # Whoever registers learns the secret a moment after the first event may come.
        if path in self.secrets and not verified:
            self.wrong.append(f"{path}: {arrival} is not signed")
        if sent["id"] != given["webhook-id"] or set(sent) != {"id", "type", "data"}:
            self.wrong.append(f"{path}: {arrival} is not what it says")
        self.arrivals.append(arrival)
        self._log.append((arrival, False))
        reply = self.behaviour.get(path, _unknown)(arrival)
        if reply.status is None:
            self._over.wait(60)
        elif 200 <= reply.status < 300:
            self.taken.append(arrival)
            self._ids[path].add(arrival.event_id)
            self._log.append((arrival, True))
        return reply


def _unknown(_: Arrival) -> Reply:
    return Reply(404)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    receiver: Receiver

    def setup(self) -> None:
        super().setup()
        self.receiver.connected(self.connection, True)

    def finish(self) -> None:
        self.receiver.connected(self.connection, False)
        with suppress(OSError):
            super().finish()

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        reply = self.receiver.answer_to(self.path, dict(self.headers), body)
        if reply.status is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver, to which nothing came that was wrong."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()
    assert receiver.wrong == []
