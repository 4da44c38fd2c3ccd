"""What the API offers of the folder of a closing."""

from typing import Any, Final

from dues.resources.closings.folder.prepare import PREPARE_FOLDERS, fetch_folder
from dues.resources.closings.folder.wire import FolderBody
from dues.resources.closings.operations import NOUN
from dues.resources.doing import Changes, Streams
from dues.resources.operation import NoQuery, Operation

_EXAMPLE: Final[dict[str, Any]] = {
    "id": "fol_0Ue8xYl0cE4wR9gZsJl6z",
    "closing": "cls_0Ue8xWj8aC2uP7eXqHj4z",
    "status": "exporting",
    "created_at": "2026-02-03T08:31:00Z",
    "expires_at": "2026-03-05T08:31:00Z",
}

OPERATIONS: Final[tuple[Operation, ...]] = (
    NOUN.one(
        "POST",
        "/folder",
        Changes(PREPARE_FOLDERS, conditional=False),
        id="create_folder",
        tag="Files",
        scoped="folders",
        summary="Have the folder of a closing made",
        description="All that an auditor asks for, in one ZIP file: control totals, what each customer's statement "
        "comes to, ageing on the last day, the journal, late entries, the head of each ledger, whether the books are "
        "right, and the SHA-256 of every file. It is made in the background, from one instant, and has the same bytes "
        "again as long as nothing of it changes. It takes no body. A restricted key needs the scope `folders:create`.",
        status=202,
        answer=FolderBody,
        example=_EXAMPLE,
        tagged=False,
    ),
    NOUN.one(
        "GET",
        "/folder",
        Streams(fetch_folder, ("application/zip",)),
        id="fetch_folder",
        tag="Files",
        scoped="folders",
        summary="Fetch the folder of a closing",
        description="The last one that was made. A restricted key needs the scope `folders:read`.",
        answer=NoQuery,
        example={"application/zip": "PK…"},
        problems=("folder_not_found", "folder_not_ready"),
    ),
)
