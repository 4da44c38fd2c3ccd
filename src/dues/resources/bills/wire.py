"""The JSON of a bill."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from dues.domain.bills import Bill, BillStatus
from dues.domain.fields import AmountDue, Currency, Metadata, says
from dues.domain.obligations import rules_of
from dues.domain.payment_rules import PaymentRules
from dues.domain.records import Record


class BillBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bill as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `bill_…`; time-ordered.")]
    external_reference: Annotated[str, says("Your own name for it.")]
    customer_id: Annotated[str, says("The id of the customer who is to pay.")]
    currency: Currency
    amount_due: AmountDue
    amount_paid: Annotated[int, says("What was paid so far, in the smallest unit.")]
    amount_remaining: Annotated[
        int, says("What is still to be paid: due less paid and credited; 0 where that is below nothing.")
    ]
    status: Annotated[BillStatus, says("`paid` once nothing remains; `voided` is for good.")]
    bill_date: Annotated[date, says("The day it was made, YYYY-MM-DD.")]
    amount_credited: Annotated[int, says("What it was lowered by, in the smallest unit.")] | None = None
    account_id: Annotated[str, says("The id of the account, for an account's bill.")] | None = None
    due_date: Annotated[date, says("The day it is to be paid by, YYYY-MM-DD.")] | None = None
    voided_at: Annotated[datetime, Meta(tz=True, description="When it was voided.")] | None = None
    payment_rules: PaymentRules | None = None
    metadata: Metadata | None = None


def bill_body(record: Record[Bill]) -> BillBody:
    """The bill as clients see it. Its rules are those that hold for it: its own, else the merchant's default."""
    bill = record.of
    return BillBody(
        id=bill.id,
        external_reference=bill.external_reference,
        customer_id=bill.customer_id,
        currency=bill.currency,
        amount_due=bill.amount_due,
        amount_paid=bill.amount_paid,
        amount_remaining=bill.amount_remaining,
        status=bill.status,
        bill_date=bill.bill_date,
        amount_credited=bill.amount_credited or None,
        account_id=bill.account_id,
        due_date=bill.due_date,
        voided_at=bill.voided_at,
        payment_rules=rules_of(record),
        metadata=bill.metadata,
    )
