"""Many requests that reach a server in the same instant."""

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from tests.running import new_key


@dataclass(frozen=True)
class Shot:
    """One request, sent to `base` with the API key `secret`: POST /billing/accounts, unless it says otherwise.

    `body` may be raw bytes.
    """

    base: str
    secret: str
    body: Any
    key: str | None = field(default_factory=new_key)
    path: str = "/billing/accounts"
    method: str = "POST"
    if_match: str | None = None

    def text(self) -> bytes:
        """The whole request."""
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        head = [
            f"{self.method} {self.path} HTTP/1.1",
            f"Host: {urlsplit(self.base).netloc}",
            f"Authorization: Bearer {self.secret}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Connection: close",
        ]
        if self.key is not None:
            head.append(f"Idempotency-Key: {self.key}")
        if self.if_match is not None:
            head.append(f"If-Match: {self.if_match}")
        return "\r\n".join([*head, "", ""]).encode() + body


@dataclass(frozen=True)
class Answer:
    """What came back, byte for byte."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def replayed(self) -> bool:
        """Whether it says that it is an earlier answer given again."""
        assert self.headers.get("idempotent-replayed") in (None, "true")
        return "idempotent-replayed" in self.headers

    @property
    def json(self) -> Any:
        """The body as an object."""
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """A problem's code."""
        code: str | None = self.json.get("code")
        return code


def send_at_once(shots: Sequence[Shot], timeout_seconds: float = 30) -> list[Answer]:
    """Each shot's answer. All are sent but for their last byte, then their last bytes in one go."""
    connections = []
    try:
        for shot in shots:
            address = urlsplit(shot.base)
            connections.append(socket.create_connection((address.hostname, address.port), timeout_seconds))
        texts = [shot.text() for shot in shots]
        for connection, text in zip(connections, texts, strict=True):
            connection.sendall(text[:-1])
        for connection, text in zip(connections, texts, strict=True):
            connection.sendall(text[-1:])
        return [_read(connection) for connection in connections]
    finally:
        for connection in connections:
            connection.close()


def _read(connection: socket.socket) -> Answer:
    with HTTPResponse(connection) as response:
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
