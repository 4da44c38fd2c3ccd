"""Replies as they go over the wire."""

from http import HTTPStatus
from typing import Final

from dues.http.problems import Reply

JOINED_BYTES_MAX: Final = 16 * 1024
"""A larger body is sent as it lies there: who reads slowly must not cost a copy of it."""

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_CHUNKED: Final = b"\r\ntransfer-encoding: chunked"

LAST_CHUNK: Final = b"0\r\n\r\n"

_WITHOUT_BODY: Final = frozenset({204, 304})
"""There is none, or it is about one that is not sent."""

_PUBLIC: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\nx-content-type-options: nosniff\r\n".encode()
    for status in HTTPStatus
}
"""How an answer begins: the status, and what every answer says. No browser takes it for anything but its type."""

_PRIVATE: Final = {status: begin + b"cache-control: no-store\r\n" for status, begin in _PUBLIC.items()}
"""The same of what is about a merchant: nobody on its way keeps it. A client that does has its ETag."""


def wire_parts(
    reply: Reply, request_id: str, method: str, defaults: bytes, keeps_connection: bool, *, chunked: bool = True
) -> list[bytes]:
    """Head and body, in one piece or in two. `defaults` are lines of the head that every reply has. Of a body that is
    sent while it is made only the head: it is `chunked`, or ends with the connection."""
    body = reply.body
    begin = (_PUBLIC if reply.is_public else _PRIVATE)[reply.status]
    parts = [begin, defaults, b"request-id: ", request_id.encode()]
    for name, value in reply.headers:
        parts += (b"\r\n", name, b": ", value)
    if reply.parts is not None:
        parts += (b"\r\ncontent-type: ", reply.content_type, _CHUNKED if chunked else b"")
    elif reply.status not in _WITHOUT_BODY:
        parts += (b"\r\ncontent-type: ", reply.content_type, b"\r\ncontent-length: %d" % len(body))
    parts.append(b"\r\n\r\n" if keeps_connection else b"\r\nconnection: close\r\n\r\n")
    if method == "HEAD" or not body:
        return [b"".join(parts)]
    if len(body) > JOINED_BYTES_MAX:
        return [b"".join(parts), body]
    parts.append(body)
    return [b"".join(parts)]


def chunk(part: bytes) -> bytes:
    """A part of a body that is sent while it is made."""
    return b"%x\r\n%b\r\n" % (len(part), part)


def header_lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Headers as lines of a head."""
    return b"".join(name + b": " + value + b"\r\n" for name, value in headers)
