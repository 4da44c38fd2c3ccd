"""What the API tells of all that one customer or one account owes."""

from typing import Any, Final

from dues.commands.kind import Kind
from dues.resources.accounts import operations as accounts
from dues.resources.accounts.store import ACCOUNT
from dues.resources.customers import operations as customers
from dues.resources.customers.store import CUSTOMER
from dues.resources.doing import Answers
from dues.resources.noun import Noun
from dues.resources.operation import Operation
from dues.resources.summaries.read import summary_of
from dues.resources.summaries.wire import SummaryBody

_EXAMPLE: Final = {
    "day": "2026-02-05",
    "owed": [
        {
            "currency": "ZAR",
            "balance": 2000,
            "open_bills": {"count": 2, "amount_remaining": 100000, "oldest_due_date": "2026-01-31"},
            "overdue": {"count": 1, "amount_remaining": 40000, "oldest_due_date": "2026-01-31"},
            "net_amount": 102000,
        }
    ],
}


def _operation(noun: Noun, kind: Kind[Any], of_what: str) -> Operation:
    return noun.one(
        "GET",
        "/summary",
        Answers(summary_of(kind)),
        id=f"retrieve_summary_of_{noun.noun}",
        summary=f"What {noun.a_noun} owes",
        description=f"By currency: the balance{of_what}, the open bills, those that are overdue, and the net of it. "
        "All of it is of one instant.",
        answer=SummaryBody,
        example={"id": noun.example["id"]} | _EXAMPLE,
        problems=("amount_out_of_range",),
    )


OPERATIONS: Final = (
    _operation(customers.NOUN, CUSTOMER, ", with those of its accounts"),
    _operation(accounts.NOUN, ACCOUNT, ""),
)
