"""Replies as they go over the wire."""

from http import HTTPStatus
from typing import Final

from dues.http.problems import Reply

JOINED_BYTES_MAX: Final = 16 * 1024
"""A larger body is sent as it lies there: who reads slowly must not cost a copy of it."""

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_WITHOUT_BODY: Final = frozenset({204, 304})
"""There is none, or it is about one that is not sent."""

_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


def wire_parts(reply: Reply, request_id: str, method: str, defaults: bytes, keeps_connection: bool) -> list[bytes]:
    """Head and body, in one piece or in two. `defaults` are lines of the head that every reply has."""
    body = reply.body
    parts = [_STATUS_LINES[reply.status], defaults, b"request-id: ", request_id.encode()]
    for name, value in reply.headers:
        parts += (b"\r\n", name, b": ", value)
    if reply.status not in _WITHOUT_BODY:
        parts += (b"\r\ncontent-type: ", reply.content_type, b"\r\ncontent-length: %d" % len(body))
    parts.append(b"\r\n\r\n" if keeps_connection else b"\r\nconnection: close\r\n\r\n")
    if method == "HEAD" or not body:
        return [b"".join(parts)]
    if len(body) > JOINED_BYTES_MAX:
        return [b"".join(parts), body]
    parts.append(body)
    return [b"".join(parts)]


def header_lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Headers as lines of a head."""
    return b"".join(name + b": " + value + b"\r\n" for name, value in headers)
