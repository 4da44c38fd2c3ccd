"""What the API offers of credits."""

from typing import Final

from dues.domain.credits import NewCredit, NewCreditReversal
from dues.lists.paging import page_shape
from dues.lists.query import ListQuery
from dues.resources.bills.operations import NOUN
from dues.resources.bills.store import BILL
from dues.resources.credits.create import CREDIT_BILLS, REVERSE_CREDITS
from dues.resources.credits.store import CREDIT
from dues.resources.credits.wire import CreditBody
from dues.resources.doing import Changes
from dues.resources.listed import example_page
from dues.resources.noun import listed_below

_EXAMPLE: Final = {
    "id": "cred_0Ue8xSg4wY7pK2zRlCe9u",
    "bill_id": "bill_0Ue8xQb7sT2kL9wMpZc5h",
    "kind": "credit_note",
    "amount": 20000,
    "currency": "ZAR",
    "reason": "Two days without water",
    "created_at": "2026-01-20T09:15:00Z",
    "external_reference": "CN-2026-001",
}

OPERATIONS: Final = (
    NOUN.one(
        "POST",
        "/credits",
        Changes(CREDIT_BILLS),
        id="credit_bill",
        names="INV-2026-001",
        summary="Credit a bill",
        description="Lowers what is to be paid of it, with a reason: a credit note, a debt that is given up "
        "(`write_off`), or what cash cannot pay (`rounding`). What that leaves overpaid is held again by the payments "
        "that brought it, the latest first: their `amount_unapplied`.",
        body=NewCredit,
        bodies={
            "a credit note": {
                "amount": 20000,
                "kind": "credit_note",
                "reason": "Two days without water",
                "external_reference": "CN-2026-001",
            }
        },
        status=201,
        answer=CreditBody,
        example=_EXAMPLE,
        problems=("bill_voided", "external_reference_taken", "credit_exceeds_bill", "amount_out_of_range"),
        tagged=False,
        moves_money=True,
    ),
    NOUN.one(
        "GET",
        "/credits",
        listed_below(BILL, CREDIT, CreditBody),
        id="list_bill_credits",
        names="INV-2026-001",
        summary="List the credits of a bill",
        description="All that it was lowered by, newest first; those that were taken back too.",
        query=ListQuery,
        answer=page_shape(CreditBody, "A page of credits, newest first. `next_cursor` is there while `has_more`."),
        example=example_page(_EXAMPLE),
    ),
    NOUN.one(
        "POST",
        "/credits/{credit}/reverse",
        Changes(REVERSE_CREDITS),
        id="reverse_credit",
        names="INV-2026-001",
        within=("The credit's id (`cred_…`) or external reference.", "CN-2026-001"),
        summary="Reverse a credit",
        description="The bill comes to so much more again, and is open where that is not paid. Money that the credit "
        "had set free stays where it is.",
        body=NewCreditReversal,
        bodies={"a mistake": {"reason": "Wrong bill"}},
        answer=CreditBody,
        example=_EXAMPLE | {"reversed_at": "2026-01-22T10:00:00Z", "reversal_reason": "Wrong bill"},
        problems=("credit_not_found", "credit_reversed", "bill_voided"),
        tagged=False,
        moves_money=True,
    ),
)
