"""What the API offers of checkouts."""

from typing import Annotated, Any, Final

import msgspec

from dues.domain.checkouts import CheckoutState
from dues.domain.fields import filtered_by
from dues.domain.refusals import Refusal, not_found
from dues.lists.query import OF_THIS_STATUS, FindingQuery, InTheirOrder
from dues.resources.checkouts.store import CHECKOUT, CHECKOUTS, find_checkout
from dues.resources.checkouts.wire import CheckoutBody, checkout_body
from dues.resources.doing import Answers, Call
from dues.resources.noun import Noun, shown

ByPaymentLink = Annotated[str, filtered_by("Only those begun by this payment link: id or reference.")]


class CheckoutQuery(FindingQuery, frozen=True, kw_only=True):
    """What checkouts can be listed by."""

    order: InTheirOrder | None = None
    payment_link: ByPaymentLink | None = None
    state: Annotated[CheckoutState, OF_THIS_STATUS] | None = None


async def read_checkout(call: Call) -> bytes | Refusal:
    """One checkout."""
    checkout = await find_checkout(call.database, call.tenant, call.name)
    return msgspec.json.encode(checkout_body(checkout)) if checkout else not_found("checkout", call.name)


_EXAMPLE: Final[dict[str, Any]] = {
    "id": "chk_0Ue8xWj8aC2uP7eWqHj4z",
    "payment_link_id": "plk_0Ue8xVi7zB1tO6dVpGi3y",
    "adapter": "stripe",
    "state": "paid",
    "amount": 150000,
    "currency": "ZAR",
    "parts": [{"bill_id": "bill_0Ue8xQb7sT2kL9wMpZc5h", "amount": 150000, "outstanding": 150000}],
    "payment_id": "pay_0Ue8xSg4wY7pK2zRlCe9u",
    "expires_at": "2026-01-06T08:30:00Z",
    "created_at": "2026-01-05T08:30:00Z",
}

NOUN: Final = Noun(
    noun="checkout",
    named="The checkout's id, `chk_…`.",
    tag="Payment links",
    body=CheckoutBody,
    example=_EXAMPLE,
)

OPERATIONS: Final = (
    NOUN.list(
        CHECKOUTS,
        CheckoutQuery,
        shown(CHECKOUT),
        "What customers have begun to pay by payment links, newest first. Those that are `orphaned` have money that "
        "could not be recorded, and wait for somebody.",
    ),
    NOUN.one(
        "GET",
        "",
        Answers(read_checkout),
        id="retrieve_checkout",
        summary="Retrieve a checkout",
        description="What somebody began to pay by a payment link, and what became of it.",
    ),
)
