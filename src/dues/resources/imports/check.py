"""The first half of an import: every row is looked at by itself, and rows with the same key are told apart."""

import hmac
from collections.abc import AsyncGenerator, Sequence
from hashlib import blake2b
from typing import Final

from msgspec import structs

from dues.db.database import Database
from dues.domain.files.opening import CELL_BYTES_MAX
from dues.domain.files.records import Record, Records
from dues.domain.files.rows import RESULT_COLUMNS, Cells, Identity
from dues.domain.files.text import Lines
from dues.domain.files.verdicts import Fault
from dues.jobs.chunks.store import read_bytes
from dues.jobs.store import Job
from dues.resources.imports.input import ImportInput
from dues.resources.imports.store import StagedRow

DIGEST_BYTES: Final = 16
"""Two keys of a million rows are taken for one with a chance of one in 10**26."""


_OF_RESULTS: Final = frozenset(RESULT_COLUMNS)


async def records_from(
    database: Database, job: Job, wanted: ImportInput, line: int, offset: int
) -> AsyncGenerator[Record, None]:
    """The records of a file after a line, which ends at the byte `offset`."""
    records = Records(Lines(wanted.encoding, offset=offset), wanted.delimiter, line)
    async for data in read_bytes(database, job, offset):
        for record in records.feed(data):
            yield record
    for record in records.end():
        yield record


def cells_of(record: Record, wanted: ImportInput) -> Cells | Fault:
    """What stands in a row by its columns, without what is empty and what a result has put before it; or why that
    cannot be told."""
    cells = record.cells
    if cells is None:
        return Fault("quote_malformed", "", "A quote opens and does not close, or stands in the middle of a cell.")
    if len(cells) != len(wanted.header):
        detail = f"The row has {len(cells)} columns, and the first line {len(wanted.header)}."
        return Fault("column_count", "", detail)
    found: dict[str, str] = {}
    for column, text in zip(wanted.header, cells, strict=True):
        if not text or column in _OF_RESULTS:
            continue
        if len(text) > CELL_BYTES_MAX // 4 and len(text.encode()) > CELL_BYTES_MAX:
            return Fault("cell_too_long", column, f"A cell may have {CELL_BYTES_MAX:,} bytes.")
        found[column] = text
    return found


def staged(record: Record, wanted: ImportInput) -> StagedRow:
    """A row as it is kept until it is carried out."""
    cells = cells_of(record, wanted)
    if isinstance(cells, Fault):
        return StagedRow(record.line, record.ends_at, None, b"", cells)
    key = wanted.file_kind.key(cells, wanted.settings)
    # What has no key is refused by whoever reads it, which says of what it is made.
    named = blake2b((key if key is not None else f"\0{record.line}").encode(), digest_size=DIGEST_BYTES).digest()
    said = "\x1f".join(f"{column}\x1e{text}" for column, text in cells.items())
    return StagedRow(record.line, record.ends_at, named, blake2b(said.encode(), digest_size=DIGEST_BYTES).digest())


def key_column(wanted: ImportInput) -> str:
    """The column that is blamed where two rows have the same key."""
    if wanted.kind in ("moment_full", "moment_daily"):
        return wanted.settings.identifier
    return "external_reference"


def after(job: Job, rows: Sequence[StagedRow]) -> Job:
    """The job once these rows are kept."""
    last = rows[-1]
    return structs.replace(job, position=last.line, read_to=last.ends_at, rows_total=job.rows_total + len(rows))


def identity_row(job: Job, customer_id: str, identity: Identity, key: bytes) -> tuple[object, ...]:
    """By what a person is recognised again: who has the database alone cannot tell the number from it."""
    digest = hmac.digest(key, identity.text.encode(), "sha256")
    return job.tenant.id, customer_id, digest, identity.text[-3:]
