"""Refunds: money of a payment that went out again, in parts if need be, from what is held of it."""

from datetime import datetime
from typing import ClassVar

from msgspec import Struct, structs

from dues.domain.balances import refuse_unsafe
from dues.domain.entries import Cause, Chain
from dues.domain.fields import PaymentAmount, Reason, RefundReference
from dues.domain.ids import new_id
from dues.domain.lookup import Lookup
from dues.domain.money import written
from dues.domain.payments import Payment
from dues.domain.records import Change, Record, changed, made
from dues.domain.refusals import Refusal
from dues.domain.taken import refuse_taken


class NewRefund(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much went out again, under the bank's or processor's own id of it."""

    amount: PaymentAmount
    external_reference: RefundReference
    reason: Reason | None = None


class Refund(Struct, frozen=True, kw_only=True):
    """A refund as stored; `amount` in minor units of `currency`."""

    noun: ClassVar = "refund"

    id: str
    payment_id: str
    external_reference: str
    amount: int
    currency: str
    reason: str | None
    metadata: None = None
    created_at: datetime


class Refunded(Struct, frozen=True):
    """A refund, and the payment of which it is."""

    refund: Change[Refund]
    payment: Change[Payment]


def refund_payment(record: Record[Payment], new: NewRefund, lookup: Lookup, cause: Cause) -> Refunded | Refusal:
    """Records a refund. Refuses, in this order: an unsafe amount, a reference that was used, a payment that was
    reversed, more than is held."""
    payment = record.of
    if refusal := refuse_unsafe([new.amount], "/amount", payment.currency):
        return refusal
    if taken := refuse_taken("refund", new, lookup):
        return taken
    if payment.status == "reversed":
        return Refusal("payment_reversed", f"The payment {payment.external_reference!r} was reversed: nothing is held.")
    if new.amount > payment.amount_unapplied:
        held, asked = (written(amount, payment.currency) for amount in (payment.amount_unapplied, new.amount))
        detail = f"{held} of the payment {payment.external_reference!r} is held, and {asked} is to be refunded."
        detail += " Credit the bill that it paid, or unapply the payment first."
        return Refusal("refund_exceeds_unapplied", detail, "/amount")
    ledger = Chain(payment.id, record.head, structs.replace(cause, payment_id=payment.id))
    ledger.add("refund", payment.currency, -new.amount, new.reason)
    refund = Refund(
        id=new_id("ref_", cause.now),
        payment_id=payment.id,
        external_reference=new.external_reference,
        amount=new.amount,
        currency=payment.currency,
        reason=new.reason,
        created_at=cause.now,
    )
    after = structs.replace(
        payment,
        amount_unapplied=payment.amount_unapplied - new.amount,
        amount_refunded=payment.amount_refunded + new.amount,
    )
    return Refunded(made(refund, None), changed(record, after, ledger.entries))
