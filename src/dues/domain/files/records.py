"""Lines to records: RFC 4180, one verdict for whatever stands there.

Most lines have no quote in them and are one record each. A cell in quotes may go over several lines; where such a quote
never closes, the line that it is in is a record of its own, which is no good, and those after it are read as ever.
"""

import csv
from collections import deque
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from dues.domain.files.text import Lines

QUOTED_LINES_MAX: Final = 100

QUOTED_LENGTH_MAX: Final = 64 * 1024
"""What one record may have, where it goes over several lines: past this a quote was forgotten."""

csv.field_size_limit(2 * QUOTED_LENGTH_MAX)


class Record(Struct, frozen=True):
    """A row of a file: the number of its first line, from 1; its cells, None where its quotes are no good; where the
    record after it begins, in bytes."""

    line: int
    cells: list[str] | None
    ends_at: int


class Records:
    """Records out of bytes that come in pieces. `line` and `offset` are where the bytes begin in their file."""

    def __init__(self, lines: Lines, delimiter: str = ",", line: int = 0) -> None:
        self._lines = lines
        self._line = line
        self.delimiter = delimiter
        self._open: deque[tuple[str, int]] = deque()
        """Lines of a record whose quotes are open: text, and where the line after it begins."""

    def feed(self, data: bytes) -> Iterator[Record]:
        """The records that are whole now. Raises FileRefusedError."""
        for line in self._lines.feed(data):
            yield from self._take(line)

    def end(self) -> Iterator[Record]:
        """What is left."""
        for line in self._lines.end():
            yield from self._take(line)
        while self._open:
            yield from self._give_up()

    def _take(self, line: tuple[str, int]) -> Iterator[Record]:
        text, ends_at = line
        if not self._open and '"' not in text:
            self._line += 1
            if text:
                yield Record(self._line, text.split(self.delimiter), ends_at)
            return
        self._open.append(line)
        if '"' in text and sum(text.count('"') for text, _ in self._open) % 2 == 0:
            yield from self._closed()
        elif len(self._open) > QUOTED_LINES_MAX or sum(len(one) for one, _ in self._open) > QUOTED_LENGTH_MAX:
            yield from self._give_up()

    def _closed(self) -> Iterator[Record]:
        """Every quote has its partner. Where they are in the wrong places one was forgotten, in the first line."""
        cells = self._cells("\n".join(text for text, _ in self._open))
        if cells is None:
            yield from self._give_up()
            return
        yield Record(self._line + 1, cells, self._open[-1][1])
        self._line += len(self._open)
        self._open.clear()

    def _cells(self, text: str) -> list[str] | None:
        try:
            rows = list(csv.reader([text], delimiter=self.delimiter, strict=True))
        except csv.Error:
            return None
        return rows[0] if len(rows) == 1 else None

    def _give_up(self) -> Iterator[Record]:
        """The first open line is no good by itself; those after it are looked at anew."""
        _, ends_at = self._open.popleft()
        self._line += 1
        yield Record(self._line, None, ends_at)
        # As deep as QUOTED_LINES_MAX at most.
        again, self._open = self._open, deque()
        for line in again:
            yield from self._take(line)
