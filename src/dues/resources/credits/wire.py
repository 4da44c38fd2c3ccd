"""The JSON of a credit."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from dues.domain.credits import Credit, CreditKind
from dues.domain.fields import Currency, says


class CreditBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A credit as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `cred_…`; time-ordered.")]
    bill_id: Annotated[str, says("The bill that it lowers.")]
    kind: Annotated[CreditKind, says("What it is.")]
    amount: Annotated[int, says("By how much the bill was lowered, in the smallest unit.")]
    currency: Currency
    reason: Annotated[str, says("Why, as the request said.")]
    created_at: Annotated[datetime, Meta(tz=True, description="When it was made.")]
    external_reference: Annotated[str, says("Your own name for it.")] | None = None
    reversed_at: Annotated[datetime, Meta(tz=True, description="When it was taken back.")] | None = None
    reversal_reason: Annotated[str, says("Why it was taken back.")] | None = None


def credit_body(credit: Credit) -> CreditBody:
    """The credit as clients see it."""
    return CreditBody(
        id=credit.id,
        bill_id=credit.bill_id,
        kind=credit.kind,
        amount=credit.amount,
        currency=credit.currency,
        reason=credit.reason,
        created_at=credit.created_at,
        external_reference=credit.external_reference,
        reversed_at=credit.reversed_at,
        reversal_reason=credit.reversal_reason,
    )
