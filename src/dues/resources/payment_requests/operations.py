"""What the API offers of payment requests, on the paths that Moment has for them."""

from typing import Any, Final

from dues.domain.payment_requests import NewPaymentRequest, PaymentRequestChanges
from dues.lists.query import ByCustomer, ByReference, FindingQuery, InTheirOrder
from dues.resources.doing import Answers, Changes, Creates
from dues.resources.noun import Noun
from dues.resources.payment_requests.change import delete_payment_requests, update_payment_requests
from dues.resources.payment_requests.create import create_payment_requests
from dues.resources.payment_requests.read import LIST_PAYMENT_REQUESTS, read_payment_request
from dues.resources.payment_requests.wire import PaymentRequestBody


class PaymentRequestQuery(FindingQuery, frozen=True, kw_only=True):
    """What payment requests can be listed by."""

    order: InTheirOrder | None = None
    external_reference: ByReference | None = None
    customer: ByCustomer | None = None


_EXAMPLE: Final[dict[str, Any]] = {
    "id": "pr_0Ue8xVi7zB1tO6dVpGi3y",
    "type": "link",
    "status": "active",
    "amount": 24000,
    "currency": "ZAR",
    "description": "School fees, second term",
    "url": "https://pay.example.com/p/12-…",
    "link": {"url": "https://pay.example.com/p/12-…"},
    "payment_link_id": "plk_0Ue8xVi7zB1tO6dVpGi3y",
    "customer_id": "bcus_H4jp6KnU5cPw263v1jyz4",
    "expires_at": "2026-01-06T08:30:00Z",
    "created_at": "2026-01-05T08:30:00Z",
    "updated_at": "2026-01-05T08:30:00Z",
}

NOUN: Final = Noun(
    noun="payment_request",
    named="The request's id (`pr_…`) or external reference, percent-encoded.",
    tag="Payment requests",
    body=PaymentRequestBody,
    example=_EXAMPLE,
    below="/collect",
)

OPERATIONS: Final = (
    NOUN.create(
        Creates(create_payment_requests),
        NewPaymentRequest,
        {
            "of a customer": {"amount": 24000, "currency": "ZAR", "customer": "CUST-1042"},
            "of a bill": {"amount": 24000, "currency": "ZAR", "bill": "INV-2026-001", "description": "School fees"},
        },
        summary="Ask for a payment",
        description="A page at an address that nobody can guess, on which just this amount can be paid, once: no part "
        "of it, and nothing more. Say for what it is. Where bills are paid before, what is left over goes to the "
        "balance, or is held.",
        problems=(
            "customer_not_found",
            "account_not_found",
            "bill_not_found",
            "owner_mismatch",
            "currency_mismatch",
            "external_reference_taken",
            "amount_out_of_range",
            "nothing_to_apply",
            "not_supported",
        ),
        tagged=False,
    ),
    NOUN.list_as(LIST_PAYMENT_REQUESTS, PaymentRequestQuery, "Newest first, each with its address while it is active."),
    NOUN.one(
        "GET",
        "",
        Answers(read_payment_request),
        id="retrieve_payment_request",
        summary="Retrieve a payment request",
        description="By its id or by its external reference.",
    ),
    NOUN.one(
        "PATCH",
        "",
        Changes(update_payment_requests, conditional=False),
        id="update_payment_request",
        body=PaymentRequestChanges,
        bodies={"less": {"amount": 20000, "description": "School fees, the rest"}},
        summary="Update a payment request",
        description="Only while it is active. Only what is sent changes; `null` clears. Whoever has begun to pay pays "
        "what they were shown.",
        problems=("payment_request_over", "currency_mismatch", "amount_out_of_range"),
        tagged=False,
    ),
    NOUN.one(
        "DELETE",
        "",
        Changes(delete_payment_requests, conditional=False),
        id="delete_payment_request",
        summary="Call off a payment request",
        description="It is `expired` from now on, and its page leads nowhere. What was begun by it, and is paid later, "
        "is still recorded.",
        example={key: value for key, value in _EXAMPLE.items() if key not in ("url", "link")} | {"status": "expired"},
        problems=("payment_request_over",),
        tagged=False,
    ),
)
