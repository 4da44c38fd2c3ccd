"""The JSON of an import and of its rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Struct

from dues.domain.fields import says
from dues.domain.files.rows import FileKindName
from dues.domain.files.verdicts import Verdict
from dues.domain.ids import new_id
from dues.events.store import NewEvent
from dues.jobs.store import Job, JobError
from dues.resources.imports.input import ImportInput, input_of
from dues.resources.imports.store import RowResult

ImportStatus = Literal["receiving", "checking", "applying", "completed", "stopped", "failed"]


class RowCounts(Struct, frozen=True, kw_only=True):
    """Rows by what became of them. `warned` are among the good ones."""

    total: Annotated[int, says("All rows of the file that were looked at so far.")] = 0
    created: Annotated[int, says("Something new was made.")] = 0
    updated: Annotated[int, says("What was there was changed.")] = 0
    unchanged: Annotated[int, says("Everything was so already.")] = 0
    rejected: Annotated[int, says("The row breaks a rule.")] = 0
    conflict: Annotated[int, says("What is there forbids it.")] = 0
    warned: Annotated[int, says("Of the good rows, those of which something is to be known.")] = 0


class ImportBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An import as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `imp_…`; time-ordered.")]
    kind: Annotated[FileKindName, says("What kind of file it is.")]
    file_name: Annotated[str, says("As it was called.")]
    status: Annotated[
        ImportStatus,
        says(
            "`checking`: its rows are looked at; `applying`: they are carried out; `stopped`: it was asked to stop; "
            "`failed`: none was carried out, `error` says why."
        ),
    ]
    dry_run: Annotated[bool, says("Whether nothing is written: the verdicts say what would become of its rows.")]
    rows: Annotated[RowCounts, says("Rows by what became of them.")]
    position: Annotated[int, says("The line up to which it is carried out.")]
    created_at: datetime
    sha256: Annotated[str, says("Of the bytes of the file.")] | None = None
    as_of: Annotated[datetime, says("Of which time its balances are.")] | None = None
    apply: Annotated[str, says("Whether each row stands by itself, or all or none.")] = "rows"
    completed_at: Annotated[datetime, says("When it was over.")] | None = None
    expires_at: Annotated[datetime, says("Until then the file and its verdicts are kept.")] | None = None
    error: Annotated[Mapping[str, str], says("Why it failed: `code` and `detail`.")] | None = None


def import_body(job: Job) -> ImportBody:
    """The import as clients see it."""
    wanted: ImportInput = input_of(job)
    counts = {name: number for name, number in job.counts.items() if name in RowCounts.__struct_fields__}
    return ImportBody(
        id=job.id,
        kind=wanted.kind,
        file_name=wanted.file_name,
        status=job.status,  # type: ignore[arg-type]
        dry_run=wanted.dry_run,
        rows=RowCounts(total=job.rows_total, **counts),
        position=job.position,
        created_at=job.created_at,
        sha256=job.sha256.hex() if job.sha256 else None,
        as_of=wanted.as_of,
        apply=wanted.apply,
        completed_at=job.completed_at,
        expires_at=job.expires_at,
        error=_error(job.error) if job.error else None,
    )


def _error(error: JobError) -> Mapping[str, str]:
    return {"code": error.code, "detail": error.detail}


def import_json(job: Job) -> bytes:
    """The same, as JSON."""
    return msgspec.json.encode(import_body(job))


def completed(job: Job, now: datetime) -> NewEvent:
    """The event of its end. A dry run that is applied then ends again."""
    number = 2 if input_of(job).was_tried else 1
    data = import_json(job).decode()
    return NewEvent(job.tenant.id, new_id("evt_", now), "import.completed", job.id, number, data, now, job.actor)


class RowBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row of a file, and what became of it."""

    line: Annotated[int, says("Its first line in the file, from 1.")]
    verdict: Annotated[Verdict, says("What became of it.")]
    object_id: Annotated[str, says("What it made or changed, or is about.")] | None = None
    faults: Annotated[list[Mapping[str, str]], says("What is wrong with it, or to be known of it.")] = []


def row_body(row: RowResult) -> RowBody:
    """The row as clients see it."""
    faults: list[Mapping[str, str]] = [
        {"code": code, "column": column, "detail": detail}
        for code, column, detail in zip(row.codes, row.columns, row.details, strict=True)
    ]
    return RowBody(line=row.line, verdict=row.verdict, object_id=row.object_id, faults=faults)
