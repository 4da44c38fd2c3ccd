"""The JSON of a refund."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from dues.domain.fields import Currency, says
from dues.domain.refunds import Refund


class RefundBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refund as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `ref_…`; time-ordered.")]
    payment_id: Annotated[str, says("The payment of which money went out again.")]
    external_reference: Annotated[str, says("The bank's or processor's own id of it.")]
    amount: Annotated[int, says("How much, in the smallest unit.")]
    currency: Currency
    created_at: Annotated[datetime, Meta(tz=True, description="When it was recorded.")]
    reason: Annotated[str, says("Why, as the request said.")] | None = None


def refund_body(refund: Refund) -> RefundBody:
    """The refund as clients see it."""
    return RefundBody(
        id=refund.id,
        payment_id=refund.payment_id,
        external_reference=refund.external_reference,
        amount=refund.amount,
        currency=refund.currency,
        created_at=refund.created_at,
        reason=refund.reason,
    )
