"""What was asked for, as it is kept, and the JSON of an export."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from dues.domain.fields import plain_text, says
from dues.jobs.store import Job

ExportStatus = Literal["exporting", "completed", "failed"]

Kind = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        description="Which list, by the end of its path: `bills` for `/billing/bills`.",
        extra={"rule": plain_text},
    ),
]


class ExportInput(Struct, frozen=True):
    """An export as it was asked for: `query` is the list's own query string."""

    kind: str
    query: str


def input_of(job: Job) -> ExportInput:
    """What was asked for."""
    return msgspec.json.decode(job.input, type=ExportInput)


class ExportBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An export as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `exp_…`; time-ordered.")]
    kind: Kind
    query: Annotated[str, says("What was asked for beside that, as a query string.")]
    status: Annotated[
        ExportStatus,
        says("`exporting`: it waits or is written; `completed`: its file is there; `failed`: `error` says why."),
    ]
    rows: Annotated[int, says("How many rows are written, without the first line.")]
    bytes: Annotated[int, says("How large the file is so far.")]
    created_at: datetime
    completed_at: Annotated[datetime, says("When it was over.")] | None = None
    expires_at: Annotated[datetime, says("Until then its file is kept.")] | None = None
    error: Annotated[Mapping[str, str], says("Why it failed: `code` and `detail`.")] | None = None


def export_body(job: Job) -> ExportBody:
    """The export as clients see it."""
    wanted = input_of(job)
    return ExportBody(
        id=job.id,
        kind=wanted.kind,
        query=wanted.query,
        status=job.status,  # type: ignore[arg-type]
        rows=job.rows_total,
        bytes=job.read_to,
        created_at=job.created_at,
        completed_at=job.completed_at,
        expires_at=job.expires_at,
        error={"code": job.error.code, "detail": job.error.detail} if job.error else None,
    )


def export_json(job: Job) -> bytes:
    """The same, as JSON."""
    return msgspec.json.encode(export_body(job))


EXAMPLE: Final[dict[str, Any]] = {
    "id": "exp_0Ue8xUf6zC1tP6dWpGi3y",
    "kind": "bills",
    "query": "status=unpaid",
    "status": "completed",
    "rows": 120400,
    "bytes": 18264113,
    "created_at": "2026-01-05T06:00:00Z",
    "completed_at": "2026-01-05T06:00:04Z",
    "expires_at": "2026-02-04T06:00:00Z",
}
