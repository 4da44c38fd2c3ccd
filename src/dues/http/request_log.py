"""The line that each request leaves in the log. It is written more often than all others, so it is made at once."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from dues.http.exchange import Exchange
from dues.http.problems import PROBLEM_CONTENT_TYPE, Reply


class RequestLine(Struct):
    """The line as JSON. `code` is a problem's; `key_id` is there where a key was known; `client` where a proxy that is
    trusted said it."""

    request_id: str
    tenant: str
    method: str
    route: str
    status: int
    duration_ms: float
    group_size: int
    peer: str
    client: str | UnsetType
    path: str
    key_id: str | UnsetType
    code: str | UnsetType
    event: Literal["request"]
    level: Literal["info"]
    timestamp: datetime


class RequestLog:
    """Writes lines: JSON, or for people."""

    def __init__(self, write: Callable[[bytes], None], *, for_people: bool) -> None:
        self._write = write
        self._for_people = for_people

    def __call__(self, exchange: Exchange, reply: Reply, seconds: float) -> None:
        """The line of one exchange."""
        line = RequestLine(
            exchange.request_id,
            exchange.tenant,
            exchange.method,
            exchange.route,
            reply.status,
            round(seconds * 1000, 2),
            exchange.group_size,
            exchange.peer,
            UNSET if exchange.client in (exchange.peer, "-") else exchange.client,
            shown_path(exchange),
            exchange.key_id or UNSET,
            problem_code(reply) or UNSET,
            "request",
            "info",
            datetime.now(UTC),
        )
        self._write(_readable(line) if self._for_people else _encode(line))


def no_log(_exchange: Exchange, _reply: Reply, _seconds: float) -> None:
    """Where requests are less important than what is logged."""


_encode: Final = msgspec.json.Encoder().encode


class _Coded(Struct):
    code: str


_decode: Final = msgspec.json.Decoder(_Coded).decode


def problem_code(reply: Reply) -> str | None:
    """The code of a problem; None of any other answer."""
    return _decode(reply.body).code if reply.content_type == PROBLEM_CONTENT_TYPE else None


def _readable(line: RequestLine) -> bytes:
    code = "" if line.code is UNSET else f" {line.code}"
    when = line.timestamp.astimezone().strftime("%H:%M:%S")
    return f"{when} {line.method} {line.path} {line.status}{code} {line.duration_ms:.0f} ms".encode()


_ID: Final = re.compile(r"(?:bcus|bacc|bill|pay|ob|evt|ent|key|mer|whe|lane|cred|ref|plk|chk)_[0-9A-Za-z]{21}")

_WORD: Final = re.compile(r"[a-z][a-z_.-]{0,31}|")


def shown_path(exchange: Exchange) -> str:
    """The path, without what others made up: a reference may be a telephone number, and a lost key anything at all."""
    if not exchange.path_parameters:
        if exchange.route == exchange.path:
            return exchange.path
        return "/".join([part if _WORD.fullmatch(part) else "*" for part in exchange.path[:256].split("/")])
    path = exchange.route
    for name, value in exchange.path_parameters.items():
        path = path.replace("{" + name + "}", value if _ID.fullmatch(value) else "*")
    return path
