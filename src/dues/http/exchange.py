"""One HTTP exchange: what came in, what is known of it, and what its log line will say."""

import time
from typing import Final
from urllib.parse import parse_qs, unquote_to_bytes

from dues.domain.references import as_read
from dues.domain.violations import Violation
from dues.http.body_stream import BodyStream
from dues.http.problems import ProblemError
from dues.tenants.keys import ApiKey

BODY_BYTES_MAX: Final = 64 * 1024

BODY_SECONDS_MAX: Final = 10.0
"""A body of 64 KiB takes this long at 7 KB/s; a client that is slower is not sending one."""

Headers = dict[bytes, bytes]
"""Lower-case name to value; the values of a header that was sent several times, with commas between them."""


class Exchange:
    """A request whose body is there, or never will be, on its way through the front door."""

    __slots__ = (
        "answer_headers",
        "body",
        "bytes_received",
        "caller",
        "client",
        "group_size",
        "headers",
        "keeps_connection",
        "key_id",
        "method",
        "path",
        "path_parameters",
        "peer",
        "query_string",
        "refusal",
        "request_id",
        "route",
        "started_at",
        "stream",
        "tenant",
        "unreadable",
    )

    def __init__(self, method: str, target: bytes, headers: Headers) -> None:
        path, _, self.query_string = target.partition(b"?")
        # The path as it was sent: an escaped slash belongs to a reference and separates nothing.
        self.path = path.decode("latin-1")
        self.method = method
        self.headers = headers
        self.body = b""
        self.stream: BodyStream | None = None
        """The body, where it is read while it arrives."""
        self.bytes_received = 0
        self.started_at = time.perf_counter()
        self.keeps_connection = True
        self.refusal: ProblemError | None = None
        """Why this is no request, where it is none: its only answer."""
        self.unreadable: tuple[str, str] | None = None
        """Code and detail of why the body is not there, where it is not; for whoever asks for it."""
        self.path_parameters: dict[str, str] = {}
        self.request_id = ""
        self.route = "-"
        self.tenant = "-"
        self.key_id: str | None = None
        self.caller: ApiKey | None = None
        """Whoever asks, where that is known already: a person at the desk. Nothing that was sent says it."""
        self.peer = "-"
        """The address of the connection …"""
        self.client = "-"
        """… and the client's, where that came through a proxy that is trusted; else the same."""
        self.answer_headers: list[tuple[bytes, bytes]] | None = None
        """What its answer says beside what the endpoint does, such as how often may be asked."""
        self.group_size = 0

    def header(self, name: bytes) -> bytes | None:
        """The value of a header (lower-case name); where it was sent several times, all of them with commas."""
        return self.headers.get(name)

    def path_parameter(self, name: str) -> str | None:
        """A part of the path, percent-decoded and as references are read; None where it is not UTF-8 or can name
        nothing."""
        sent = self.path_parameters[name]
        try:
            text = unquote_to_bytes(sent).decode()
        except UnicodeDecodeError:
            return None
        return None if "\0" in text else as_read(text)

    async def no_body(self) -> tuple[None, bytes]:
        """Makes sure that there is no body, or an empty object as some clients always send one."""
        if self._whole_body().strip() not in (b"", b"{}"):
            raise ProblemError(
                "validation_failed", "This call takes no body.", [Violation("", "not_empty", "must be empty.")]
            )
        return None, b""

    async def json_body(self) -> bytes:
        """The whole body. Refuses what is not JSON by its header, too large, or too slow."""
        media_type = (self.headers.get(b"content-type") or b"").split(b";")[0].strip().lower()
        if not media_type and not self.body:
            # What was forgotten is the body, which whoever reads it will say.
            return self._whole_body()
        if media_type != b"application/json":
            raise ProblemError("unsupported_media_type", "Send the body with Content-Type: application/json.")
        if (self.headers.get(b"content-encoding") or b"identity").lower() != b"identity":
            raise ProblemError("unsupported_media_type", "Send the body without Content-Encoding.")
        return self._whole_body()

    def form_body(self) -> dict[str, list[str]]:
        """The fields of a form that a browser has sent; none, where it is no form."""
        media_type = (self.headers.get(b"content-type") or b"").split(b";")[0].strip().lower()
        if media_type != b"application/x-www-form-urlencoded":
            return {}
        try:
            return parse_qs(self._whole_body().decode("ascii"), keep_blank_values=True, max_num_fields=500)
        except ValueError:
            return {}

    def _whole_body(self) -> bytes:
        if self.unreadable:
            raise ProblemError(*self.unreadable)
        return self.body
