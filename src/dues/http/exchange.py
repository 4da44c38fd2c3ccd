"""One HTTP exchange: what came in, what is known of it, and how an answer goes out."""

import asyncio
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from dues.domain.violations import Violation
from dues.http.problems import ProblemError, Reply

BODY_BYTES_MAX: Final = 64 * 1024

BODY_SECONDS_MAX: Final = 10.0
"""A body of 64 KiB takes this long at 7 KB/s; a client that is slower is not sending one."""


class ClientGone(Exception):
    """The client hung up before its request was whole. There is nobody to answer."""


class Exchange:
    """A request on its way through the front door, and what its log line will say of it."""

    __slots__ = (
        "_receive",
        "group_size",
        "headers",
        "method",
        "path",
        "request_id",
        "route",
        "scope",
        "tenant",
    )

    def __init__(self, scope: Any, receive: Any, request_id: str) -> None:
        self.scope = scope
        self._receive = receive
        self.request_id = request_id
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.route = "-"
        self.tenant = "-"
        self.group_size = 0

    def header(self, name: bytes) -> bytes | None:
        """The value of a header (lower-case name); where it was sent several times, all of them with commas."""
        found = None
        for key, value in self.headers:
            if key == name:
                found = value if found is None else found + b", " + value
        return found

    def path_parameter(self, name: str) -> str | None:
        """A part of the path, percent-decoded; None where it is not UTF-8 or can name nothing."""
        try:
            text = unquote_to_bytes(self.scope["path_params"][name]).decode()
        except UnicodeDecodeError:
            return None
        return None if "\0" in text else text

    @property
    def query_string(self) -> bytes:
        """What follows the question mark, as it was sent."""
        return self.scope["query_string"]  # type: ignore[no-any-return]

    async def no_body(self) -> tuple[None, bytes]:
        """Makes sure that there is no body, or an empty object as some clients always send one."""
        body = await self._whole_body()
        if body.strip() not in (b"", b"{}"):
            raise ProblemError(
                "validation_failed", "This call takes no body.", [Violation("", "not_empty", "must be empty.")]
            )
        return None, b""

    async def json_body(self) -> bytes:
        """The whole body. Refuses what is not JSON by its header, too large, or too slow."""
        media_type = (self.header(b"content-type") or b"").split(b";")[0].strip().lower()
        if media_type != b"application/json":
            raise ProblemError("unsupported_media_type", "Send the body with Content-Type: application/json.")
        if (self.header(b"content-encoding") or b"identity").lower() != b"identity":
            raise ProblemError("unsupported_media_type", "Send the body without Content-Encoding.")
        return await self._whole_body()

    async def _whole_body(self) -> bytes:
        declared = self.header(b"content-length")
        if declared and declared.isdigit() and int(declared) > BODY_BYTES_MAX:
            raise _too_large()
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                return await self._body()
        except TimeoutError:
            detail = f"The body did not arrive within {BODY_SECONDS_MAX:.0f} seconds."
            raise ProblemError("request_timeout", detail, headers={"Connection": "close"}) from None

    async def _body(self) -> bytes:
        body: bytes = b""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body += message.get("body", b"")
            if len(body) > BODY_BYTES_MAX:
                raise _too_large()
            if not message.get("more_body"):
                return body


def _too_large() -> ProblemError:
    # The rest of the body is not read, so the connection cannot be used again.
    return ProblemError(
        "payload_too_large", f"A body may have {BODY_BYTES_MAX} bytes.", headers={"Connection": "close"}
    )


async def send_reply(send: Any, reply: Reply, request_id: str, method: str) -> None:
    """Sends a whole response; to HEAD without its body."""
    headers = [(b"request-id", request_id.encode()), *reply.headers]
    if reply.status != 304:  # it is about a body that is not sent
        headers += [(b"content-type", reply.content_type), (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else reply.body})
