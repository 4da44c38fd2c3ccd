"""What arrives a part at a time, as whoever reads it gets it: of the right media type, and unpacked."""

import zlib
from collections.abc import AsyncIterator
from typing import Final

from dues.domain.files.verdicts import FileRefusedError
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError

GROWS_AT_MOST: Final = 20
"""So many times as large a packed file may become: a table compresses to a tenth, a bomb to a thousandth."""

UNPACKED_AT_ONCE: Final = 1 << 20

_SMALL: Final = 1 << 20
"""Of a small file nobody minds how much it grows."""


def body_parts(exchange: Exchange, media_type: str) -> AsyncIterator[bytes]:
    """The bytes of a body. Refuses another media type at once; raises FileRefusedError for what cannot be unpacked."""
    sent = (exchange.header(b"content-type") or b"").split(b";")[0].strip().lower().decode("latin-1")
    if sent != media_type:
        raise ProblemError("unsupported_media_type", f"Send the body with Content-Type: {media_type}.")
    packing = (exchange.header(b"content-encoding") or b"identity").lower()
    if packing not in (b"identity", b"gzip"):
        raise ProblemError("unsupported_media_type", "Send the body as it is, or with Content-Encoding: gzip.")
    parts = exchange.stream.parts() if exchange.stream else _nothing()
    return _unpacked(parts) if packing == b"gzip" else parts


async def _nothing() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for part in nothing:
        yield part


async def _unpacked(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    unpack = zlib.decompressobj(wbits=31)
    taken = given = 0
    async for part in parts:
        taken += len(part)
        while part:
            try:
                data = unpack.decompress(part, UNPACKED_AT_ONCE)
            except zlib.error:
                raise FileRefusedError("file_not_gzip", "What was sent is not gzip.") from None
            given += len(data)
            if given > max(_SMALL, GROWS_AT_MOST * taken):
                raise FileRefusedError("file_not_gzip", f"It grows more than {GROWS_AT_MOST}-fold.")
            yield data
            part = unpack.unconsumed_tail
            if unpack.eof and unpack.unused_data:
                raise FileRefusedError("file_not_gzip", "Something follows the end of the gzip.")
    if not unpack.eof:
        raise FileRefusedError("file_not_gzip", "The gzip stops short.")
