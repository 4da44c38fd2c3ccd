"""From the body of a batch to its lines, and from a line to the exchange that it would have been by itself."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from dues.domain.files.verdicts import FileRefusedError
from dues.domain.ids import new_id
from dues.domain.violations import Violation
from dues.http.exchange import BODY_BYTES_MAX, Exchange, Headers
from dues.http.problems import ProblemError
from dues.http.uploads import body_parts
from dues.http.validation import decode
from dues.resources.batch.lines import BYTES_MAX, LINE_BYTES_MAX, LINES_MAX, BatchLine, path_rule

BODY_SECONDS_MAX: Final = 60.0
"""From its first byte to its last: 8 MiB at 140 KB/s. Whoever is slower holds one of its tenant's turns."""


class SentLine(BatchLine, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line, and its body as it was written: what is wrong with that is for the call to say."""

    body: Raw | UnsetType = UNSET


_decode: Final = msgspec.json.Decoder(SentLine).decode


async def lines_sent(exchange: Exchange, media_type: str) -> list[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers, as they were sent."""
    declared = exchange.header(b"content-length")
    if declared and int(declared) > BYTES_MAX:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for part in body_parts(exchange, media_type):
                body += part
                if len(body) > BYTES_MAX:
                    raise _too_large()
    except TimeoutError:
        detail = f"The body did not arrive within {BODY_SECONDS_MAX:.0f} seconds."
        raise ProblemError("request_timeout", detail) from None
    except FileRefusedError as error:
        raise ProblemError(error.code, error.detail) from None
    body = body.rstrip()
    # They are counted before they are cut: eight million empty lines would take half a gigabyte.
    if body.count(b"\n") >= LINES_MAX:
        raise ProblemError("payload_too_large", f"A batch may have {LINES_MAX:,} lines. Nothing of it was carried out.")
    lines = [(number, bytes(line)) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    if not lines:
        nothing = Violation("", "empty", "has no line.")
        raise ProblemError("validation_failed", "The body has no line: each is a call, as a JSON object.", [nothing])
    return lines


def _too_large() -> ProblemError:
    return ProblemError("payload_too_large", f"A batch may have {BYTES_MAX:,} bytes. Nothing of it was carried out.")


def read_line(number: int, data: bytes) -> SentLine:
    """A line. Raises ProblemError with everything that is wrong with it."""
    if len(data) > LINE_BYTES_MAX:
        raise ProblemError("payload_too_large", f"Line {number}: a line may have {LINE_BYTES_MAX:,} bytes.")
    try:
        line = _decode(data)
        # What is given twice vanishes in decoding. (Text may be spelt in several ways too; the slow look decides.)
        is_whole = len(_packed(msgspec.json.encode(line))) == len(_packed(data))
        if is_whole and not path_rule(line.path):
            return line
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        decode(data, BatchLine)
        return _decode(data)
    except ProblemError as error:
        raise ProblemError(error.code, f"Line {number}: {error.detail}", error.errors) from None


def _packed(data: bytes) -> bytes:
    """JSON without white space."""
    return msgspec.json.format(data, indent=-1)


def exchange_of(batch: Exchange, line: SentLine) -> Exchange:
    """The line as it would have come by itself, from whoever sent the batch."""
    headers: Headers = {}
    for name in (b"authorization", b"dues-closed-period-reason"):
        if (value := batch.header(name)) is not None:
            headers[name] = value
    if line.key is not None:
        headers[b"idempotency-key"] = line.key.encode()
    if line.if_match is not None:
        headers[b"if-match"] = line.if_match.encode()
    exchange = exchange_within(batch, line.method, line.path.encode(), headers)
    if not isinstance(line.body, UnsetType):
        headers[b"content-type"] = b"application/json"
        exchange.body = bytes(line.body)
        if len(exchange.body) > BODY_BYTES_MAX:
            exchange.unreadable = "payload_too_large", f"A body may have {BODY_BYTES_MAX} bytes."
    return exchange


def exchange_within(batch: Exchange, method: str, target: bytes, headers: Headers) -> Exchange:
    """An exchange with a Request-Id of its own, from whoever sent the batch."""
    exchange = Exchange(method, target, headers)
    exchange.request_id = new_id("req_", datetime.now(UTC))
    exchange.peer, exchange.client = batch.peer, batch.client
    return exchange
