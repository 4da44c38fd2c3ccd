"""From bytes to exchanges: httptools parses, and what is too large is refused before it is kept."""

from collections.abc import Callable
from typing import Any, Final

import httptools

from dues.http.body_stream import BodyStream, too_slow
from dues.http.exchange import BODY_BYTES_MAX, BODY_SECONDS_MAX, Exchange, Headers
from dues.http.problems import ProblemError

HEAD_BYTES_MAX: Final = 32 * 1024
"""More than any proxy adds; a key, an idempotency key and what browsers send come to two."""

HEAD_FIELDS_MAX: Final = 100

TARGET_BYTES_MAX: Final = 8 * 1024
"""RFC 9110 wants 8,000 at least. The longest that makes sense here, a list with every filter, has two thousand."""

HEAD_SECONDS_MAX: Final = 10.0
"""From the first byte of a head to its last. A head fits into one packet or two."""

SLICE_BYTES: Final = 2 * 1024
"""As much is parsed at once: between slices it is seen whether there is too much."""


class RequestParser:
    """The requests of one connection. `take` gets each when it is whole, or is known to be no request."""

    __slots__ = (
        "_body",
        "_expects_continue",
        "_fed",
        "_fields",
        "_head_bytes",
        "_headers",
        "_parser",
        "_problem",
        "_streams",
        "_take",
        "_target",
        "ended",
        "exchange",
    )

    def __init__(
        self,
        take: Callable[[Exchange], None],
        expects_continue: Callable[[], None],
        streams: Callable[[Exchange], bool] = lambda exchange: False,
    ) -> None:
        self._take: Any = take
        self._expects_continue: Any = expects_continue
        self._streams: Any = streams
        self._parser: Any = httptools.HttpRequestParser(self)
        self._problem: ProblemError | None = None
        self._headers: Headers | None = None
        self.exchange: Exchange | None = None
        """A request whose head is whole and whose body is not."""
        self.ended = False
        """Nothing that still comes on this connection is a request."""

    @property
    def midway(self) -> Exchange | Headers | None:
        """What has begun and is not whole, a body or a head; another object for each."""
        return self._headers if self.exchange is None else self.exchange

    @property
    def speaks_http_1_1(self) -> bool:
        """Whether the client knows bodies whose length is not said before."""
        return self._parser is not None and self._parser.get_http_version() != "1.0"

    def close(self) -> None:
        """Nothing is parsed any more. Who knows each other forgets it, so that nothing is left for the collector."""
        self._parser = self._take = self._expects_continue = self._streams = None
        self.exchange = self._headers = None
        self.ended = True

    def feed(self, data: memoryview) -> None:
        """Parses up to SLICE_BYTES."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # There is no other protocol here, so what was asked is answered in this one.
            if not self.ended and (rest := data[upgrade.args[0] :]):
                self.feed(rest)
            return
        except httptools.HttpParserError as error:
            if self.ended:
                return
            if self._problem is None and isinstance(error, httptools.HttpParserCallbackError):
                raise  # ours, not the client's
            self._refuse(self._problem or ProblemError("malformed_request", "This is not a request of HTTP/1.1."))
            return
        if self._headers is not None:
            # The parser keeps a field that is not whole, unseen from here.
            self._fed += len(data)
            if self._fed > HEAD_BYTES_MAX + SLICE_BYTES:
                self._refuse(_head_too_large())

    def give_up(self) -> None:
        """What is midway takes too long."""
        exchange = self.exchange
        if exchange and exchange.stream:
            exchange.stream.fail(too_slow(BODY_SECONDS_MAX))
            self._end()
        elif exchange:
            exchange.unreadable = "request_timeout", f"The body did not arrive within {BODY_SECONDS_MAX:.0f} seconds."
            self._leave_unread(exchange)
        else:
            detail = f"The head did not arrive within {HEAD_SECONDS_MAX:.0f} seconds."
            self._refuse(ProblemError("request_timeout", detail))

    def _refuse(self, problem: ProblemError) -> None:
        exchange = self.exchange
        if exchange and exchange.stream:
            exchange.stream.fail(problem)
            self._end()
            return
        if exchange is None:
            target = b"" if self._headers is None or len(self._target) > TARGET_BYTES_MAX else self._target
            exchange = Exchange(self._parser.get_method().decode("ascii") if target else "-", target, {})
        exchange.refusal = problem
        self._leave_unread(exchange)

    def _leave_unread(self, exchange: Exchange) -> None:
        exchange.keeps_connection = False
        self._end()
        self._take(exchange)

    def _end(self) -> None:
        self.ended, self.exchange, self._headers = True, None, None

    # What httptools calls ----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """The first byte of a head."""
        if self.ended:
            raise _Stop
        self._headers = {}
        self._target = b""
        self._fed = self._fields = self._head_bytes = 0

    def on_url(self, part: bytes) -> None:
        """The target, or a part of it."""
        self._target += part
        if len(self._target) > TARGET_BYTES_MAX:
            self._stop(ProblemError("uri_too_long", f"A path and its query may have {TARGET_BYTES_MAX} bytes."))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or of the trailer of a chunked body, which nobody believes."""
        self._head_bytes += len(name) + len(value) + 4
        self._fields += 1
        if self._head_bytes > HEAD_BYTES_MAX or self._fields > HEAD_FIELDS_MAX:
            self._stop(_head_too_large())
        headers = self._headers
        if headers is None:
            return
        name = name.lower()
        headers[name] = headers[name] + b", " + value if name in headers else value

    def on_headers_complete(self) -> None:
        """The end of the head."""
        headers = self._headers
        assert headers is not None
        target = self._target
        if target[:1] != b"/":
            target = _origin_form(target)
        exchange = self.exchange = Exchange(self._parser.get_method().decode("ascii"), target, headers)
        self._headers = None
        self._body: bytes | bytearray = b""
        declared = headers.get(b"content-length")
        streams = bool(declared or b"transfer-encoding" in headers) and self._streams(exchange)
        if declared and int(declared) > BODY_BYTES_MAX and not streams:
            self._too_large(exchange)
        if b"upgrade" in headers and self._parser.should_upgrade() and (declared or b"transfer-encoding" in headers):
            # httptools would take the body for the next request.
            self._stop(ProblemError("malformed_request", "Send a body without asking for an upgrade of the protocol."))
        if streams:
            # It is carried out from here on; whoever reads the body asks for it.
            exchange.stream = BodyStream()
            exchange.bytes_received = self._head_bytes
            self._take(exchange)
        elif headers.get(b"expect", b"").lower() == b"100-continue":
            self._expects_continue()

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        exchange = self.exchange
        assert exchange is not None
        if exchange.stream:
            exchange.stream.feed(part)
            return
        if not self._body:
            self._body = part
        else:
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += part
        if len(self._body) > BODY_BYTES_MAX:
            self._too_large(exchange)

    def on_message_complete(self) -> None:
        """The end of a request."""
        exchange = self.exchange
        assert exchange is not None
        self.exchange = None
        keeps = self._parser.should_keep_alive() and exchange.method != "CONNECT"
        if keeps and b"connection" in exchange.headers:
            keeps = self._parser.get_http_version() == "1.1"
        if not keeps:
            exchange.keeps_connection, self.ended = False, True
        if exchange.stream:
            exchange.stream.end()
            return
        exchange.body = bytes(self._body)
        exchange.bytes_received = self._head_bytes + len(exchange.body)
        self._take(exchange)

    def _too_large(self, exchange: Exchange) -> None:
        exchange.unreadable = "payload_too_large", f"A body may have {BODY_BYTES_MAX} bytes."
        self._leave_unread(exchange)
        raise _Stop

    def _stop(self, problem: ProblemError) -> None:
        self._problem = problem
        raise _Stop


class _Stop(Exception):
    """Nothing more is to be parsed."""


def _head_too_large() -> ProblemError:
    return ProblemError(
        "request_header_fields_too_large",
        f"A head may have {HEAD_FIELDS_MAX} fields, and {HEAD_BYTES_MAX} bytes in all.",
    )


def _origin_form(target: bytes) -> bytes:
    """Path and query of a whole URL, as proxies send it; anything else as it is, and there will be nothing at it."""
    _, scheme_ends, rest = target.partition(b"://")
    return b"/" + rest.partition(b"/")[2] if scheme_ends else target
