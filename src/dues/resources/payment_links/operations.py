"""What the API offers of payment links."""

from typing import Any, Final

from dues.domain.payment_links import NewPaymentLink
from dues.lists.query import ByCustomer, ByReference, FindingQuery, InTheirOrder
from dues.resources.doing import Answers, Changes, Creates
from dues.resources.noun import Noun
from dues.resources.payment_links.create import create_payment_links
from dues.resources.payment_links.read import LIST_PAYMENT_LINKS, read_payment_link
from dues.resources.payment_links.wire import PaymentLinkBody
from dues.resources.payment_links.withdraw import WITHDRAW_PAYMENT_LINKS


class PaymentLinkQuery(FindingQuery, frozen=True, kw_only=True):
    """What payment links can be listed by."""

    order: InTheirOrder | None = None
    external_reference: ByReference | None = None
    customer: ByCustomer | None = None


_EXAMPLE: Final[dict[str, Any]] = {
    "id": "plk_0Ue8xVi7zB1tO6dVpGi3y",
    "url": "https://pay.example.com/p/12-…",
    "customer_id": "bcus_H4jp6KnU5cPw263v1jyz4",
    "uses": "many",
    "show": "masked",
    "expires_at": "2026-02-04T08:30:00Z",
    "payments": 0,
    "created_at": "2026-01-05T08:30:00Z",
}

NOUN: Final = Noun(
    noun="payment_link",
    named="The link's id (`plk_…`) or external reference, percent-encoded.",
    tag="Payment links",
    body=PaymentLinkBody,
    example=_EXAMPLE,
)

OPERATIONS: Final = (
    NOUN.create(
        Creates(create_payment_links),
        NewPaymentLink,
        {
            "all that a customer owes": {"customer": "CUST-1042"},
            "some bills, once": {"bills": ["INV-2026-001"], "uses": "once", "show": "names"},
        },
        summary="Make a payment link",
        description="A page at an address that nobody can guess, which shows what is owed of a customer, an account or "
        "some bills of one customer, and takes payments for it. It needs no login; whoever has the address sees the "
        "page. Send it to whoever owes.",
        problems=(
            "customer_not_found",
            "account_not_found",
            "bill_not_found",
            "owner_mismatch",
            "currency_mismatch",
            "external_reference_taken",
            "amount_out_of_range",
        ),
        tagged=False,
    ),
    NOUN.list_as(LIST_PAYMENT_LINKS, PaymentLinkQuery, "Newest first, each with its address."),
    NOUN.one(
        "GET",
        "",
        Answers(read_payment_link),
        id="retrieve_payment_link",
        summary="Retrieve a payment link",
        description="By its id or by its external reference, with its address.",
    ),
    NOUN.one(
        "POST",
        "/withdraw",
        Changes(WITHDRAW_PAYMENT_LINKS, conditional=False),
        id="withdraw_payment_link",
        summary="Withdraw a payment link",
        description="From now on it leads nowhere, as if it had never been. What was begun by it, and is paid later, "
        "is still recorded. It takes no body.",
        example={key: value for key, value in _EXAMPLE.items() if key != "url"}
        | {"withdrawn_at": "2026-01-06T08:30:00Z"},
        tagged=False,
    ),
    NOUN.one(
        "DELETE",
        "",
        Changes(WITHDRAW_PAYMENT_LINKS, conditional=False),
        id="delete_payment_link",
        summary="Withdraw a payment link, as DELETE",
        description="The same as `POST …/withdraw`: the link stays on the list, and leads nowhere.",
        example={key: value for key, value in _EXAMPLE.items() if key != "url"}
        | {"withdrawn_at": "2026-01-06T08:30:00Z"},
        tagged=False,
    ),
)
