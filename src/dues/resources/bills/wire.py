"""The JSON of a bill."""

import msgspec
from msgspec import Struct

from dues.domain.bills import Bill, BillStatus
from dues.domain.fields import Amount, Currency, Day, Metadata
from dues.domain.payment_rules import PaymentRules


class BillBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bill as clients see it; what has no value is left out."""

    id: str
    external_reference: str
    customer_id: str
    currency: Currency
    amount_due: Amount
    amount_paid: Amount
    amount_remaining: Amount
    status: BillStatus
    bill_date: Day
    account_id: str | None = None
    due_date: Day | None = None
    payment_rules: PaymentRules | None = None
    metadata: Metadata | None = None


def bill_body(bill: Bill, default_rules: PaymentRules | None) -> BillBody:
    """The bill as clients see it, with its own rules, else the merchant's default."""
    return BillBody(
        id=bill.id,
        external_reference=bill.external_reference,
        customer_id=bill.customer_id,
        account_id=bill.account_id,
        currency=bill.currency,
        amount_due=bill.amount_due,
        amount_paid=bill.amount_paid,
        amount_remaining=bill.amount_remaining,
        status=bill.status,
        bill_date=bill.bill_date,
        due_date=bill.due_date,
        payment_rules=bill.payment_rules or default_rules,
        metadata=bill.metadata,
    )


def bill_json(bill: Bill, default_rules: PaymentRules | None) -> bytes:
    """The bill's JSON."""
    return msgspec.json.encode(bill_body(bill, default_rules))
