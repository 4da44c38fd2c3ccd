"""Files that come packed by gzip: unpacked as they are read, and no bombs."""

import zlib
from collections.abc import AsyncIterator
from typing import Final

from dues.domain.files.verdicts import FileRefusedError

GROWS_AT_MOST: Final = 20
"""So many times as large a packed file may become: a table compresses to a tenth, a bomb to a thousandth."""

UNPACKED_AT_ONCE: Final = 1 << 20

_SMALL: Final = 1 << 20
"""Of a small file nobody minds how much it grows."""


async def unpacked(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """What is packed in them, some at a time. Raises FileRefusedError for what is no gzip, or a bomb."""
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
