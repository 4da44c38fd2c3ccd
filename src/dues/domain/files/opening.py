"""Reading a file for the first time, as its bytes come in: whatever refuses the whole of it is found here."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from msgspec import Struct

from dues.domain.files.records import Record, Records
from dues.domain.files.rows import RESULT_COLUMNS, FileKind, FileSettings
from dues.domain.files.text import BYTES_MAX, Encoding, Lines
from dues.domain.files.verdicts import FileRefusedError

ROWS_MAX: Final = 1_000_000
COLUMNS_MAX: Final = 64
CELL_BYTES_MAX: Final = 4 * 1024

_DELIMITERS: Final = ",;\t"


class Opened(Struct, frozen=True):
    """What a whole file is: its columns and what separates them, the line that they stand in and the byte at which that
    ends, how many bytes it has, and
    their SHA-256."""

    header: tuple[str, ...]
    delimiter: str
    header_line: int
    header_ends_at: int
    bytes_total: int
    sha256: bytes


class Opening:
    """Takes a file's bytes in; `end` says what it is. Both raise FileRefusedError."""

    def __init__(self, kind: FileKind, settings: FileSettings, encoding: Encoding = "utf-8") -> None:
        self._kind, self._settings = kind, settings
        self._lines = Lines(encoding)
        self._sha256 = sha256()
        self._bytes = self._rows = self._line = 0
        self._header: tuple[tuple[str, ...], str, int, int] | None = None

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        self._bytes += len(data)
        if self._bytes > BYTES_MAX:
            raise FileRefusedError("file_too_large", f"A file may have {BYTES_MAX >> 20} MiB.")
        self._sha256.update(data)
        for line in self._lines.feed(data):
            self._take(line)

    def end(self) -> Opened:
        """There are no more."""
        for line in self._lines.end():
            self._take(line)
        if self._header is None or not self._rows:
            raise FileRefusedError("file_empty", "The file has no row.")
        return Opened(*self._header, self._bytes, self._sha256.digest())

    def _take(self, line: tuple[str, int]) -> None:
        text, _ = line
        self._line += 1
        if self._header is None:
            self._read_header(line)
        elif text:
            self._rows += 1
            if self._rows > ROWS_MAX:
                raise FileRefusedError("file_too_large", f"A file may have {ROWS_MAX:,} rows.")

    def _read_header(self, line: tuple[str, int]) -> None:
        text, ends_at = line
        if not text.strip():
            return
        header, delimiter = self._columns(text)
        names = [column for column in header if column not in RESULT_COLUMNS]
        if len(header) > COLUMNS_MAX + len(RESULT_COLUMNS):
            raise FileRefusedError("too_many_columns", f"A file may have {COLUMNS_MAX} columns; it has {len(header)}.")
        if twice := sorted({column for column in names if names.count(column) > 1}):
            raise FileRefusedError("header_duplicate_column", f"The first line has twice: {', '.join(twice)}.")
        self._kind.check(names, self._settings)
        self._header = header, delimiter, self._line, ends_at

    def _columns(self, text: str) -> tuple[tuple[str, ...], str]:
        """The columns, separated by a comma; or by what the columns that must be there are only found with."""
        for delimiter in _DELIMITERS:
            columns = _split(text, delimiter)
            if set(self._kind.required) <= set(columns):
                return columns, delimiter
        return _split(text, ","), ","


def _split(text: str, delimiter: str) -> tuple[str, ...]:
    records = Records(Lines(), delimiter)
    found: Sequence[Record] = [*records.feed(text.encode()), *records.end()]
    cells = found[0].cells if found else None
    if cells is None:
        raise FileRefusedError("header_missing_column", "The quotes of the first line are no good.")
    return tuple(cell.strip() for cell in cells)
