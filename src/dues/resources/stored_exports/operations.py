"""What the API offers of exports that are kept."""

from typing import Final

from msgspec import Struct

from dues.jobs.store import COLUMNS, job_of
from dues.lists.listing import Listing
from dues.lists.query import FindingQuery, InTheirOrder
from dues.resources.doing import Answers, Exports, Streams
from dues.resources.noun import Noun
from dues.resources.operation import Operation
from dues.resources.stored_exports.calls import create_export, fetch_export, retrieve_export
from dues.resources.stored_exports.wire import EXAMPLE, ExportBody, Kind, export_body

EXPORTS: Final = Listing(name="exports", prefix="exp_", columns=COLUMNS, table="jobs t", filters={}, mixed=True)


class ExportQuery(Struct, frozen=True, kw_only=True):
    """Which list. Whatever else is said is for that."""

    kind: Kind


class ExportListQuery(FindingQuery, frozen=True, kw_only=True):
    """What exports can be listed by."""

    order: InTheirOrder | None = None


_NOUN: Final = Noun(noun="export", named="The export's id (`exp_…`).", tag="Files", body=ExportBody, example=EXAMPLE)

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        method="POST",
        path="/billing/exports",
        does=Exports(create_export),
        id="create_export",
        tag="Files",
        summary="Have a list written to a file",
        description="Has a list written whole, as CSV, to a file that is kept: for more rows than anybody wants to "
        "wait for. `kind` says which list; all other parameters are those that the list has with `Accept: text/csv`, "
        "such as `status=unpaid`. A restricted key needs the scope of that list too. It takes no body.",
        query=ExportQuery,
        status=202,
        answer=ExportBody,
        example={**EXAMPLE, "status": "exporting", "rows": 0, "bytes": 0},
        tagged=False,
    ),
    _NOUN.list(EXPORTS, ExportListQuery, lambda row: export_body(job_of(row)), "Newest first."),
    _NOUN.one(
        "GET",
        "",
        Answers(retrieve_export),
        id="retrieve_export",
        summary="Retrieve an export",
        description="How far it is.",
    ),
    _NOUN.one(
        "GET",
        "/file.csv",
        Streams(fetch_export),
        id="fetch_export",
        summary="Fetch the file of an export",
        description="The rows as they were at the moment at which it was begun.",
        problems=("export_not_completed",),
    ),
)
