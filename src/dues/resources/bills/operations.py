"""What the API offers of bills."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from dues.commands.shapes import look
from dues.domain.bill_changes import BillChanges
from dues.domain.bills import BillStatus, NewBill
from dues.domain.violations import Violation
from dues.lists.query import (
    OF_THIS_STATUS,
    BilledIn,
    ByAccount,
    ByCurrency,
    ByCustomer,
    ByMetadata,
    ByReference,
    DueIn,
    FindingQuery,
    OfAmount,
    Overdue,
    ordered_by,
    searched,
)
from dues.resources.bills.create import CREATE_BILLS
from dues.resources.bills.store import BILL, BILLS
from dues.resources.bills.update import UPDATE_BILLS, VOID_BILLS
from dues.resources.bills.wire import BillBody
from dues.resources.doing import Changes, Creates
from dues.resources.noun import PATCHES, RULES, kept, noun_of, shown

_BillOrder = Literal[
    "created_at", "-created_at", "due_date", "-due_date", "bill_date", "-bill_date", "amount", "-amount"
]


class BillQuery(FindingQuery, frozen=True, kw_only=True):
    """What bills can be listed by."""

    q: Annotated[str, searched("reference")] | None = None
    order: Annotated[_BillOrder, ordered_by("created_at", "due_date", "bill_date", "amount")] | None = None
    due_date: DueIn | None = None
    overdue: Overdue = False
    bill_date: BilledIn | None = None
    amount: OfAmount | None = None
    external_reference: ByReference | None = None
    customer: ByCustomer | None = None
    account: ByAccount | None = None
    status: Annotated[BillStatus, OF_THIS_STATUS] | None = None
    currency: ByCurrency | None = None
    metadata: ByMetadata | None = None

    def cross_check(self) -> Iterator[Violation]:
        """Yields a status that overdue bills do not have."""
        if self.overdue is True and self.status not in (None, "unpaid"):
            yield Violation("/overdue", "not_together", "goes with status=unpaid alone: no other bill is overdue.")


EXAMPLE: Final = {
    "id": "bill_0Ue8xQb7sT2kL9wMpZc5h",
    "external_reference": "INV-2026-001",
    "customer_id": "bcus_H4jp6KnU5cPw263v1jyz4",
    "currency": "ZAR",
    "amount_due": 150000,
    "amount_paid": 0,
    "amount_remaining": 150000,
    "status": "unpaid",
    "bill_date": "2026-01-05",
    "account_id": "bacc_0Ue8xPq2dK7mN4vRtYw3z",
    "due_date": "2026-01-31",
    "payment_rules": RULES,
}

NOUN: Final = noun_of(BILL, "Bills", BillBody, EXAMPLE)

_NEW: Final = {
    "for an account": {
        "account": "UAR1234567890",
        "external_reference": "INV-2026-001",
        "currency": "ZAR",
        "amount_due": 150000,
        "bill_date": "2026-01-05",
        "due_date": "2026-01-31",
    },
    "customer, account and bill": {
        "account": {
            "customer": {"external_reference": "CUST-1044", "name": "Ann Other"},
            "external_reference": "UAR1234567892",
        },
        "external_reference": "INV-2026-002",
        "currency": "ZAR",
        "amount_due": 150000,
    },
    "for a customer": {
        "customer": "CUST-1042",
        "external_reference": "INV-2026-003",
        "currency": "ZAR",
        "amount_due": 9900,
    },
}

OPERATIONS: Final = (
    NOUN.create(
        Creates(CREATE_BILLS),
        NewBill,
        _NEW,
        summary="Make a bill",
        description="For a customer or for an account, each named by id or reference or given as a new object: one "
        "call can make customer, account and bill, all or none.",
        problems=(
            "customer_not_found",
            "account_not_found",
            "external_reference_taken",
            "amount_out_of_range",
            "currency_mismatch",
            "owner_mismatch",
            "period_closed",
        ),
        moves_money=True,
    ),
    NOUN.list(BILLS, BillQuery, shown(BILL), show_to_import=kept(BILL)),
    NOUN.retrieve(look(BILL)),
    NOUN.update(
        UPDATE_BILLS,
        BillChanges,
        {"part payment": {"amount_paid": 50000, "reason": "Paid in cash"}},
        names="INV-2026-002",
        description=f"{PATCHES}`amount_paid` is the new total of what was paid; what remains and the status follow "
        "from it, and lowering it reopens the bill. "
        "A `reason` with it is shown by the bill's entries.",
        problems=(
            "bill_voided",
            "currency_mismatch",
            "below_payments",
            "overpayment_not_allowed",
            "amount_out_of_range",
        ),
        moves_money=True,
    ),
    NOUN.one(
        "POST",
        "/void",
        Changes(VOID_BILLS),
        id="void_bill",
        names="INV-2026-003",
        summary="Void a bill",
        description="For good: a voided bill can be neither paid nor changed. It takes no body.",
        example=EXAMPLE | {"status": "voided", "voided_at": "2026-01-20T09:15:00Z"},
        problems=("bill_paid", "bill_voided"),
    ),
    NOUN.list_entries(
        BILL,
        "what was paid of it, by payments and by hand",
        {"amount": 50000, "balance_after": 50000, "reason": "Paid in cash"},
    ),
)
