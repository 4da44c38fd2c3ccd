"""What arrives a part at a time, as whoever reads it gets it: of the right media type, and unpacked."""

from collections.abc import AsyncIterator

from dues.domain.files.packing import unpacked
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError


def body_parts(exchange: Exchange, media_type: str) -> AsyncIterator[bytes]:
    """The bytes of a body. Refuses another media type at once; what cannot be unpacked raises FileRefusedError."""
    sent = (exchange.header(b"content-type") or b"").split(b";")[0].strip().lower().decode("latin-1")
    if sent != media_type:
        raise ProblemError("unsupported_media_type", f"Send the body with Content-Type: {media_type}.")
    packing = (exchange.header(b"content-encoding") or b"identity").lower()
    if packing not in (b"identity", b"gzip"):
        raise ProblemError("unsupported_media_type", "Send the body as it is, or with Content-Encoding: gzip.")
    parts = exchange.stream.parts() if exchange.stream else _nothing()
    return unpacked(parts) if packing == b"gzip" else parts


async def _nothing() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for part in nothing:
        yield part
