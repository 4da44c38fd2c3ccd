"""What the API offers of closings."""

from typing import Any, Final

from dues.commands.command import to_shown_json
from dues.domain.closings import NewClosing, Reopening
from dues.domain.refusals import Refusal, not_found
from dues.lists.paging import page_shape
from dues.lists.query import FindingQuery, InTheirOrder
from dues.resources.closings.close import CREATE_CLOSINGS
from dues.resources.closings.reopen import REOPEN_CLOSINGS
from dues.resources.closings.store import (
    CLOSINGS,
    LATE_ENTRIES,
    closing_body,
    closing_of,
    find_closing,
    late_entry_body,
)
from dues.resources.closings.wire import ClosingBody, LateEntryBody
from dues.resources.control_totals.operations import IN_A_CURRENCY
from dues.resources.doing import Answers, Call, Changes, Creates
from dues.resources.exports.query import exported
from dues.resources.listed import example_page, listing
from dues.resources.noun import Noun
from dues.resources.operation import Operation


class ClosingQuery(FindingQuery, frozen=True, kw_only=True):
    """What closings and late entries can be listed by."""

    order: InTheirOrder | None = None


async def retrieve_closing(call: Call) -> bytes | Refusal:
    """GET of one."""
    closing = await find_closing(call.database, call.tenant, call.name)
    return not_found("closing", call.name) if closing is None else to_shown_json(closing_body(closing))


_EXAMPLE: Final[dict[str, Any]] = {
    "id": "cls_0Ue8xWj8aC2uP7eXqHj4z",
    "through": "2026-01-31",
    "time_zone": "Africa/Johannesburg",
    "ends_at": "2026-01-31T22:00:00Z",
    "currencies": [IN_A_CURRENCY],
    "created_at": "2026-02-03T08:30:00Z",
    "from": "2026-01-01",
    "actor": "key_0Ue8xMd1pJ4rT9vLcQf6k",
}

_LATE: Final[dict[str, Any]] = {
    "id": "late_0Ue8xXk9bD3vQ8fYrIk5z",
    "object": "pay_0Ue8xRf3wY7oK2zRlCe9t",
    "date": "2026-01-30",
    "closed_through": "2026-01-31",
    "reason": "The bank told of it on 4 February",
    "request_id": "req_0Ue8xRf3uA5mH2zWjCg7t",
    "created_at": "2026-02-04T08:30:00Z",
    "actor": "key_0Ue8xMd1pJ4rT9vLcQf6k",
}

NOUN: Final = Noun(
    noun="closing", named="The closing's id (`cls_…`).", tag="Closings", body=ClosingBody, example=_EXAMPLE
)

_LATE_ENTRIES: Final = Operation(
    method="GET",
    path="/billing/late_entries",
    does=listing(LATE_ENTRIES, ClosingQuery, LateEntryBody, late_entry_body),
    id="list_late_entries",
    tag="Closings",
    summary="List late entries",
    description="What was entered of days that were closed already, newest first, with the reason.",
    query=exported(ClosingQuery),
    answer=page_shape(LateEntryBody, "A page of late entries. `next_cursor` is there while `has_more`."),
    example=example_page(_LATE),
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    NOUN.create(
        Creates(CREATE_CLOSINGS),
        NewClosing,
        {"a month": {"through": "2026-01-31"}},
        summary="Close all days up to one",
        description="From now on nothing is entered that is of these days: no payment that was paid then (`paid_at`), "
        "no bill with such a date, no balance as of then (`balance_as_of`, `as_of` of a file). It is refused with "
        "`period_closed`, unless a secret key without restrictions says why in the header "
        "`Dues-Closed-Period-Reason`; that is kept as a late entry. Whatever is recorded moves on the day on which it "
        "is recorded, so the control totals of these days stand, and are kept with the closing. The day must be over; "
        "each closing is of a later day than the one before.",
        problems=("already_closed", "amount_out_of_range"),
        tagged=False,
    ),
    NOUN.list(CLOSINGS, ClosingQuery, lambda row: closing_body(closing_of(row)), "Newest first, reopened ones too."),
    NOUN.one(
        "GET",
        "",
        Answers(retrieve_closing),
        id="retrieve_closing",
        summary="Retrieve a closing",
        description="With its control totals, as they were when it was made.",
    ),
    NOUN.one(
        "POST",
        "/reopen",
        Changes(REOPEN_CLOSINGS, conditional=False),
        id="reopen_closing",
        summary="Reopen the last closing",
        description="Its days are open again, up to where the closing before it ended. Only the last one can be "
        "reopened; it is kept, with the reason.",
        body=Reopening,
        bodies={"a month": {"reason": "The bank statement of the 31st was missing"}},
        example=_EXAMPLE
        | {
            "reopened_at": "2026-02-04T08:30:00Z",
            "reopened_reason": "The bank statement of the 31st was missing",
            "reopened_by": "key_0Ue8xMd1pJ4rT9vLcQf6k",
        },
        problems=("closing_not_last",),
        tagged=False,
    ),
    _LATE_ENTRIES,
)
