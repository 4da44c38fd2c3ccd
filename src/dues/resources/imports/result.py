"""result.csv: what became of each row, and then the row as it was sent."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Final

from dues.db.database import Database
from dues.domain.files.rows import RESULT_COLUMNS
from dues.jobs.store import Job
from dues.resources.imports import store
from dues.resources.imports.check import records_from
from dues.resources.imports.input import input_of

_SENT_AT_ONCE: Final = 64 * 1024


async def result_csv(database: Database, job: Job, verdict: str | None) -> AsyncIterator[bytes]:
    """Its bytes, some at a time; of one verdict, or of all."""
    wanted = input_of(job)
    own = [number for number, column in enumerate(wanted.header) if column not in RESULT_COLUMNS]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*RESULT_COLUMNS, *(wanted.header[number] for number in own)])
    records = records_from(database, job, wanted, wanted.header_line, wanted.header_ends_at)
    async for row in store.stream_rows(database, job.tenant, job.id, verdict):
        async for record in records:
            if record.line == row.line:
                break
        cells = record.cells or []
        original = [cells[number] for number in own if number < len(cells)]
        said = (" ".join(row.codes), " ".join(filter(None, row.columns)), " ".join(row.details))
        writer.writerow([row.line, row.verdict, *said, row.object_id or "", *original])
        if text.tell() > _SENT_AT_ONCE:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()
