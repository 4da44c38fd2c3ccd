"""What the API offers of imports."""

from typing import Any, Final

from dues.jobs.store import COLUMNS, job_of
from dues.lists.listing import Listing
from dues.lists.paging import page_shape
from dues.resources.doing import Answers, Receives, Streams
from dues.resources.imports.calls import (
    apply_import,
    create_import,
    fetch_result,
    list_import_rows,
    retrieve_import,
    stop_import,
)
from dues.resources.imports.query import ImportListQuery, ImportQuery, ResultQuery, RowQuery
from dues.resources.imports.wire import ImportBody, RowBody, import_body
from dues.resources.listed import example_page
from dues.resources.noun import Noun
from dues.resources.operation import Operation

IMPORTS: Final = Listing(
    name="imports",
    prefix="imp_",
    columns=COLUMNS,
    table="jobs t",
    filters={"status": "t.status = {}"},
    mixed=True,
)

_EXAMPLE: Final[dict[str, Any]] = {
    "id": "imp_0Ue8xUf6zC1tP6dWpGi3y",
    "kind": "moment_daily",
    "file_name": "ZA_AcmeFibre_dailyfile_2026-01-05.csv",
    "status": "completed",
    "dry_run": False,
    "rows": {
        "total": 1204,
        "created": 12,
        "updated": 310,
        "unchanged": 880,
        "rejected": 1,
        "conflict": 1,
        "warned": 3,
    },
    "position": 1205,
    "created_at": "2026-01-05T06:00:00Z",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "apply": "rows",
    "completed_at": "2026-01-05T06:00:02Z",
    "expires_at": "2026-02-04T06:00:00Z",
}

_ROW: Final[dict[str, Any]] = {
    "line": 17,
    "verdict": "rejected",
    "faults": [
        {
            "code": "amount_malformed",
            "column": "amount_due",
            "detail": "amount_due must be an amount like 240.00, not '240,00'.",
        }
    ],
}

_NOUN: Final = Noun(noun="import", named="The import's id (`imp_…`).", tag="Files", body=ImportBody, example=_EXAMPLE)

_FILE_PROBLEMS: Final = (
    "file_empty",
    "file_too_large",
    "file_not_utf8",
    "file_not_gzip",
    "header_missing_column",
    "header_unknown_column",
    "header_duplicate_column",
    "identifier_column_missing",
    "too_many_columns",
    "too_many_metadata_columns",
    "file_name_unrecognised",
    "file_date_in_future",
    "file_already_imported",
    "file_out_of_order",
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        method="POST",
        path="/billing/imports",
        does=Receives(create_import, "text/csv"),
        id="create_import",
        tag="Files",
        summary="Import a file",
        description="Takes a CSV file in, up to 512 MiB and 1,000,000 rows, and answers as soon as it is there: each "
        "row is carried out after that, by the same rules as a call of its own, and gets a verdict. The file may be "
        "sent with `Content-Encoding: gzip`.",
        query=ImportQuery,
        status=202,
        answer=ImportBody,
        example={**_EXAMPLE, "status": "checking"},
        problems=_FILE_PROBLEMS,
        tagged=False,
    ),
    _NOUN.list(IMPORTS, ImportListQuery, lambda row: import_body(job_of(row)), "Newest first."),
    _NOUN.one(
        "GET",
        "",
        Answers(retrieve_import),
        id="retrieve_import",
        summary="Retrieve an import",
        description="How far it is, and how many rows have which verdict.",
    ),
    _NOUN.one(
        "GET",
        "/rows",
        Answers(list_import_rows),
        id="list_import_rows",
        summary="List the rows of an import",
        description="In the order of the file, with what is wrong with each.",
        query=RowQuery,
        answer=page_shape(RowBody, "A page of rows, in the file's order. `next_cursor` is there while `has_more`."),
        example=example_page(_ROW),
    ),
    _NOUN.one(
        "GET",
        "/result.csv",
        Streams(fetch_result),
        id="fetch_import_result",
        summary="Fetch the result of an import",
        description="A CSV file: what became of each row, and then the row as it was sent. Mended, it can be sent as "
        "it is: the first six columns are ignored.",
        query=ResultQuery,
    ),
    _NOUN.one(
        "POST",
        "/apply",
        Answers(apply_import),
        id="apply_import",
        summary="Apply what a dry run has tried",
        description="Carries the same file out, which need not be sent again. What has changed since counts. It takes "
        "no body.",
        problems=("import_not_tried",),
    ),
    _NOUN.one(
        "POST",
        "/stop",
        Answers(stop_import),
        id="stop_import",
        summary="Stop an import",
        description="After the rows that are under way. What was carried out stays. It takes no body.",
    ),
)
