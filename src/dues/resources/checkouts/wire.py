"""The JSON of a checkout, as events tell of it."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from dues.domain.checkouts import Checkout, CheckoutPart, CheckoutState
from dues.domain.fields import Currency, says


class CheckoutPartBody(Struct, frozen=True, kw_only=True):
    """So much for a bill."""

    bill_id: Annotated[str, says("The bill.")]
    amount: Annotated[int, says("How much, in the smallest unit.")]
    outstanding: Annotated[int, says("What was to be paid of it when this was chosen.")]


class CheckoutBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A checkout as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `chk_…`.")]
    payment_link_id: Annotated[str, says("The link by which it was begun.")]
    adapter: Annotated[str, says("By which way it is paid.")]
    state: Annotated[CheckoutState, says("`orphaned`: its money came, and could not be recorded.")]
    amount: Annotated[int, says("How much, in the smallest unit.")]
    currency: Currency
    parts: Annotated[list[CheckoutPartBody], says("For which bills; the rest is for the balance.")]
    payment_id: Annotated[str, says("The payment that it became.")] | None = None
    reason: Annotated[str, says("Why nothing came of it.")] | None = None
    expires_at: Annotated[datetime, Meta(tz=True, description="Until when it is waited for.")]
    created_at: Annotated[datetime, Meta(tz=True, description="When it was begun.")]


def checkout_body(checkout: Checkout) -> CheckoutBody:
    """The checkout as clients see it."""
    return CheckoutBody(
        id=checkout.id,
        payment_link_id=checkout.payment_link_id,
        adapter=checkout.adapter,
        state=checkout.state,
        amount=checkout.amount,
        currency=checkout.currency,
        parts=[_part_body(part) for part in checkout.parts.bills],
        payment_id=checkout.payment_id,
        reason=checkout.reason,
        expires_at=checkout.expires_at,
        created_at=checkout.created_at,
    )


def _part_body(part: CheckoutPart) -> CheckoutPartBody:
    return CheckoutPartBody(bill_id=part.bill, amount=part.amount, outstanding=part.owed)
