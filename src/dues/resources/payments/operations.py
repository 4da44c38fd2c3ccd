"""What the API offers of payments."""

from typing import Annotated, Final, Literal

from dues.commands.shapes import look
from dues.domain.applications import NewApplications, Unapply
from dues.domain.fields import filtered_by, says
from dues.domain.new_payments import NewPayment
from dues.domain.payments import PaymentStatus
from dues.domain.reversals import NewReversal
from dues.lists.query import (
    OF_THIS_STATUS,
    ByAccount,
    ByCurrency,
    ByCustomer,
    ByMetadata,
    ByReference,
    FindingQuery,
    OfAmount,
    PaidIn,
    ordered_by,
    searched,
)
from dues.resources.doing import Answers, Changes, Pays
from dues.resources.noun import noun_of, shown
from dues.resources.operation import Operation, PreviewQuery
from dues.resources.payments.apply import APPLY_PAYMENTS, UNAPPLY_PAYMENTS
from dues.resources.payments.collected import COLLECTED, read_collected_payment
from dues.resources.payments.create import CREATE_PAYMENTS
from dues.resources.payments.preview import PREVIEW_PAYMENTS, PaymentPreviewBody
from dues.resources.payments.reverse import REVERSE_PAYMENTS
from dues.resources.payments.store import PAYMENT, PAYMENTS
from dues.resources.payments.wire import PaymentBody

_PaymentOrder = Literal["created_at", "-created_at", "paid_at", "-paid_at", "amount", "-amount"]


class PaymentQuery(FindingQuery, frozen=True, kw_only=True):
    """What payments can be listed by."""

    q: Annotated[str, searched("reference")] | None = None
    order: Annotated[_PaymentOrder, ordered_by("created_at", "paid_at", "amount")] | None = None
    paid_at: PaidIn | None = None
    amount: OfAmount | None = None
    external_reference: ByReference | None = None
    customer: ByCustomer | None = None
    account: ByAccount | None = None
    bill: (
        Annotated[str, filtered_by("Only those that were for this bill or were applied to it: id or reference.")] | None
    ) = None
    status: Annotated[PaymentStatus, OF_THIS_STATUS] | None = None
    currency: ByCurrency | None = None
    unapplied: Annotated[Literal["true"], says("`true`: only those of which money is held.")] | None = None
    metadata: ByMetadata | None = None


_EXAMPLE: Final = {
    "id": "pay_0Ue8xSg4wY7pK2zRlCe9u",
    "external_reference": "EFT-88213",
    "amount": 50000,
    "currency": "ZAR",
    "status": "applied",
    "customer_id": "bcus_H4jp6KnU5cPw263v1jyz4",
    "applications": [{"id": "ob_0Ue8xSg4xZ8qL3aSmDf0v", "amount": 50000, "bill_id": "bill_0Ue8xQb7sT2kL9wMpZc5h"}],
    "paid_at": "2026-01-20T09:15:00Z",
    "bill_id": "bill_0Ue8xQb7sT2kL9wMpZc5h",
    "account_id": "bacc_0Ue8xPq2dK7mN4vRtYw3z",
    "method": "eft",
}

_HELD: Final = _EXAMPLE | {"external_reference": "EFT-88217", "amount": 93000}

_REVERSAL: Final = {
    "reason": "bounced",
    "reversed_at": "2026-01-22T10:00:00Z",
    "note": "Returned by the bank: account closed",
}

_PREVIEW: Final = {
    "preview": True,
    "amount": 50000,
    "currency": "ZAR",
    "applications": [
        {"amount": 50000, "outstanding": 150000, "outstanding_after": 100000, "bill_id": "bill_0Ue8xQb7sT2kL9wMpZc5h"}
    ],
}

_NEW: Final = {
    "of a bill": {
        "bill": "INV-2026-001",
        "external_reference": "EFT-88213",
        "amount": 50000,
        "currency": "ZAR",
        "method": "eft",
        "paid_at": "2026-01-20T09:15:00Z",
    },
    "of an account's balance": {
        "account": "UAR1234567890",
        "external_reference": "EFT-88214",
        "amount": 1500,
        "currency": "ZAR",
    },
    "of bills by name, the rest for the balance": {
        "account": "UAR1234567890",
        "external_reference": "EFT-88215",
        "amount": 40500,
        "currency": "ZAR",
        "parts": [{"bill": "INV-2026-001", "amount": 40000}],
    },
    "more than the bill takes, the rest held": {
        "bill": "INV-2026-001",
        "external_reference": "EFT-88217",
        "amount": 93000,
        "currency": "ZAR",
        "rest": "hold",
    },
    "the oldest bills first": {
        "customer": "CUST-1042",
        "external_reference": "EFT-88216",
        "amount": 10000,
        "currency": "ZAR",
        "allocation": "oldest_due_first",
    },
}

NOUN: Final = noun_of(PAYMENT, "Payments", PaymentBody, _EXAMPLE)

OPERATIONS: Final = (
    NOUN.create(
        Pays(CREATE_PAYMENTS, PREVIEW_PAYMENTS),
        NewPayment,
        _NEW,
        summary="Record a payment",
        description="For exactly one of a bill, an account or a customer, under its payment rules: the balance falls, "
        "or what was paid of the bill rises. An account or customer may pay several of its bills at once: name them "
        "in `parts`, or let `allocation` find them. `rest: hold` keeps what nothing takes, instead of refusing it. "
        "With `?preview=true` nothing is done: the answer is 200, tells "
        "what the payment would be applied to, and is stored under no key.",
        query=PreviewQuery,
        previews=(PaymentPreviewBody, _PREVIEW),
        problems=(
            "customer_not_found",
            "account_not_found",
            "bill_not_found",
            "external_reference_taken",
            "period_closed",
            "payment_not_found",
            "payment_not_reversed",
            "payment_represented",
            "bill_voided",
            "payment_not_allowed",
            "currency_mismatch",
            "payment_below_minimum",
            "payment_above_maximum",
            "underpayment_not_allowed",
            "overpayment_not_allowed",
            "owner_mismatch",
            "too_many_bills",
            "amount_out_of_range",
        ),
        collectors=True,
        moves_money=True,
    ),
    NOUN.list(PAYMENTS, PaymentQuery, shown(PAYMENT)),
    NOUN.retrieve(look(PAYMENT)),
    NOUN.one(
        "POST",
        "/reverse",
        Changes(REVERSE_PAYMENTS),
        id="reverse_payment",
        names="EFT-88214",
        summary="Reverse a payment",
        description="For good, and all of it: what it was applied to is as if it had not come, by a contra entry in "
        "each ledger; bills that it paid are open again. It is a fact, so it is never refused for how things stand: "
        "what cannot be taken back is listed in `reversal.not_restored`.",
        body=NewReversal,
        bodies={"bounced": {"reason": "bounced", "note": "Returned by the bank: account closed"}},
        example=_EXAMPLE | {"status": "reversed", "reversal": _REVERSAL},
        problems=("payment_reversed",),
        collectors=True,
    ),
    NOUN.one(
        "POST",
        "/applications",
        Changes(APPLY_PAYMENTS),
        id="apply_payment",
        names="EFT-88217",
        summary="Apply held money",
        description="What is held of a payment goes to bills and balances: to those that `parts` name, or to the open "
        "bills of its account or customer in the order of their due dates. Their payment rules hold.",
        body=NewApplications,
        bodies={
            "to a bill": {"parts": [{"bill": "INV-2026-002", "amount": 1500}]},
        },
        example=_HELD | {"amount_unapplied": 1500},
        problems=(
            "customer_not_found",
            "account_not_found",
            "bill_not_found",
            "payment_reversed",
            "application_exceeds_unapplied",
            "bill_voided",
            "payment_not_allowed",
            "currency_mismatch",
            "payment_below_minimum",
            "payment_above_maximum",
            "underpayment_not_allowed",
            "overpayment_not_allowed",
            "amount_out_of_range",
        ),
        moves_money=True,
    ),
    NOUN.one(
        "POST",
        "/unapply",
        Changes(UNAPPLY_PAYMENTS),
        id="unapply_payment",
        names="EFT-88217",
        summary="Unapply a payment",
        description="What of a payment is applied to a bill or a balance is held again, all of it or `amount`: to be "
        "applied elsewhere, or refunded. The payment itself stays.",
        body=Unapply,
        bodies={"from a bill": {"bill": "INV-2026-002", "amount": 1000}},
        example=_HELD | {"amount_unapplied": 2500},
        problems=(
            "customer_not_found",
            "account_not_found",
            "bill_not_found",
            "payment_reversed",
            "amount_exceeds_applied",
            "bill_voided",
            "payment_outweighed",
            "balance_not_tracked",
            "currency_mismatch",
            "amount_out_of_range",
        ),
        moves_money=True,
    ),
    Operation(
        method="GET",
        path="/collect/payments/{payment}",
        does=Answers(read_collected_payment),
        id="retrieve_collected_payment",
        tag="Payments",
        summary="Retrieve a payment as Moment shows it",
        description="What a client of Moment's resolves the `payment_id` of an `obligation.amount_applied` by.",
        named=NOUN.named,
        **COLLECTED,
    ),
)
