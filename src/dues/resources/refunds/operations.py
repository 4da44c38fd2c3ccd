"""What the API offers of refunds."""

from typing import Final

from dues.domain.refunds import NewRefund
from dues.lists.paging import page_shape
from dues.lists.query import ListQuery
from dues.resources.doing import Changes
from dues.resources.listed import example_page
from dues.resources.noun import listed_below
from dues.resources.payments.operations import NOUN
from dues.resources.payments.store import PAYMENT
from dues.resources.refunds.create import REFUND_PAYMENTS
from dues.resources.refunds.store import REFUND
from dues.resources.refunds.wire import RefundBody

_EXAMPLE: Final = {
    "id": "ref_0Ue8xSg4wY7pK2zRlCe9u",
    "payment_id": "pay_0Ue8xSg4wY7pK2zRlCe9u",
    "external_reference": "RF-7731",
    "amount": 1000,
    "currency": "ZAR",
    "created_at": "2026-01-20T09:15:00Z",
    "reason": "Paid too much",
}

OPERATIONS: Final = (
    NOUN.one(
        "POST",
        "/refunds",
        Changes(REFUND_PAYMENTS),
        id="refund_payment",
        names="EFT-88217",
        summary="Record a refund",
        description="Money that went out again, in parts if need be, from what is held of the payment. To give back "
        "what a bill took, credit the bill or unapply the payment first.",
        body=NewRefund,
        bodies={"paid too much": {"amount": 1000, "external_reference": "RF-7731", "reason": "Paid too much"}},
        status=201,
        answer=RefundBody,
        example=_EXAMPLE,
        problems=("external_reference_taken", "payment_reversed", "refund_exceeds_unapplied", "amount_out_of_range"),
        tagged=False,
        moves_money=True,
    ),
    NOUN.one(
        "GET",
        "/refunds",
        listed_below(PAYMENT, REFUND, RefundBody),
        id="list_payment_refunds",
        names="EFT-88217",
        summary="List the refunds of a payment",
        description="Newest first.",
        query=ListQuery,
        answer=page_shape(RefundBody, "A page of refunds, newest first. `next_cursor` is there while `has_more`."),
        example=example_page(_EXAMPLE),
    ),
)
