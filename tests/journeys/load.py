"""Clients who go on and on, and count what did not go well."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException

from tests.running import new_key, new_reference


class Load:
    """Some clients of `port`. One half connects for each request; the other keeps its connections while it may."""

    def __init__(self, port: int, key: str, pause_seconds: float) -> None:
        self._port = port
        self._head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._pause_seconds = pause_seconds
        self._is_over = threading.Event()
        self.sent = 0
        """How many requests there were."""
        self.failed: list[str] = []
        """What became of those that were not answered as they should be."""

    @contextmanager
    def running(self, clients: int = 4) -> Iterator[None]:
        """From entry to exit."""
        self._clients = [threading.Thread(target=self._go_on, args=(number % 2 == 0,)) for number in range(clients)]
        for client in self._clients:
            client.start()
        try:
            yield
        finally:
            self.end()

    def end(self) -> None:
        """They have had enough. Returns when each has its last answer."""
        self._is_over.set()
        for client in self._clients:
            client.join()

    def _go_on(self, keeps: bool) -> None:
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=20)) as connection:
            while not self._is_over.wait(self._pause_seconds):
                self.sent += 1
                if (became := self._register(connection)) != "201":
                    self.failed.append(f"{time.strftime('%X')} {'kept' if keeps else 'new'}: {became}")
                if not keeps:
                    connection.close()

    def _register(self, connection: HTTPConnection) -> str:
        """Registers a customer. It tries once, and does not try again."""
        try:
            body = json.dumps({"external_reference": new_reference("LOAD")})
            connection.request("POST", "/billing/customers", body, self._head | {"Idempotency-Key": new_key()})
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException) as error:
            connection.close()
            return repr(error)
        return str(answer.status)
