"""The bytes of a file as they come, to lines of text."""

import codecs
from collections.abc import Iterator
from typing import Final, Literal

from dues.domain.files.verdicts import FileRefusedError

Encoding = Literal["utf-8", "windows-1252"]

BYTES_MAX: Final = 512 << 20

LINE_BYTES_MAX: Final = 1 << 20
"""Of one line: 64 columns of 4 KiB come to a quarter of it. What is longer is cut, and no row that could be right."""

_BOMS: Final = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


class Lines:
    """Lines out of bytes that come in pieces of any size. `offset` is where the next line begins."""

    def __init__(self, encoding: Encoding = "utf-8", *, offset: int = 0) -> None:
        self._codec = "cp1252" if encoding == "windows-1252" else encoding
        self._encoding = encoding
        self._rest = b""
        self.offset = offset

    def feed(self, data: bytes) -> Iterator[tuple[str, int]]:
        """Each line that is whole now, without its end, and where the one after it begins. Raises FileRefusedError."""
        *lines, self._rest = (self._rest + data if self._rest else data).split(b"\n")
        for line in lines:
            yield self._line(line, 1)
        if len(self._rest) > LINE_BYTES_MAX:
            # Nobody reads it, so only its beginning is kept.
            yield self._line(self._rest, 0)
            self._rest = b""

    def end(self) -> Iterator[tuple[str, int]]:
        """What is left, if it is more than nothing."""
        if self._rest:
            yield self._line(self._rest, 0)
            self._rest = b""

    def _line(self, line: bytes, ended: int) -> tuple[str, int]:
        start = self.offset
        self.offset += len(line) + ended
        if start == 0:
            line = self._without_mark(line)
        try:
            text = line.decode(self._codec)
        except UnicodeDecodeError as error:
            raise FileRefusedError("file_not_utf8", self._explain(start + error.start)) from None
        if "\0" in text:
            raise FileRefusedError("file_not_utf8", self._explain(start + line.index(b"\0")))
        return text.removesuffix("\r"), self.offset

    def _without_mark(self, line: bytes) -> bytes:
        for mark, name in _BOMS.items():
            if line.startswith(mark):
                raise FileRefusedError("file_not_utf8", f"The file is {name}. Save it as UTF-8.")
        return line.removeprefix(codecs.BOM_UTF8)

    def _explain(self, offset: int) -> str:
        name = "UTF-8" if self._encoding == "utf-8" else self._encoding
        return f"Byte {offset + 1} of the file is not {name}."
