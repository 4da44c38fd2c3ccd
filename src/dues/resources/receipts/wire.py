"""A receipt as clients see it."""

import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from dues.domain.fields import Currency, says
from dues.resources.statements.wire import OwnerBody


class ReceiptLineBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of a payment went to one bill, or to a balance."""

    id: Annotated[str, says("Of the bill, account or customer.")]
    bill: Annotated[str, says("The bill's reference; of a balance there is none.")] | None = None
    amount: Annotated[int, says("How much of the payment, in the smallest unit.")]


class ReceiptBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The receipt of a payment, as the payment is now; what has no value is left out."""

    merchant: Annotated[str, says("Who was paid.")]
    mode: Literal["live", "test"]
    payment: Annotated[str, says("The payment's id, `pay_…`: the number of the receipt.")]
    external_reference: Annotated[str, says("The bank's, processor's or till's own id of it.")]
    amount: Annotated[int, says("How much came, in the smallest unit.")]
    currency: Currency
    paid_at: Annotated[datetime.datetime, Meta(tz=True, description="When it was paid.")]
    paid_on: Annotated[datetime.date, says("Which of the merchant's days that was.")]
    method: Annotated[str, says("How it was paid.")] | None = None
    customer: OwnerBody
    account: OwnerBody | None = None
    lines: Annotated[list[ReceiptLineBody], says("What it paid.")]
    held: Annotated[int, says("What of it is held for the customer.")] = 0
    refunded: Annotated[int, says("What of it was given back.")] = 0
    reversed_at: (
        Annotated[datetime.datetime, Meta(tz=True, description="When it was taken back, if it was.")] | None
    ) = None
