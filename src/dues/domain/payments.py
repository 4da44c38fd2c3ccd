"""Payments: money that came in, what it was applied to, and whether it was taken back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct, structs

from dues.domain.allocation import Allotment, allot_oldest_first, allot_parts, allot_whole
from dues.domain.balances import refuse_unsafe
from dues.domain.entries import Cause
from dues.domain.ids import new_id
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Obligation
from dues.domain.paying import Paid, pay
from dues.domain.payment_rules import Kind
from dues.domain.refusals import Refusal, RefusalCode

PaymentStatus = Literal["applied", "reversed"]

ReversalReason = Literal["bounced", "duplicate", "fraud", "other"]

_NOT_FOUND: dict[Kind, RefusalCode] = {
    "bill": "bill_not_found",
    "account": "account_not_found",
    "customer": "customer_not_found",
}


class Application(Struct, frozen=True, kw_only=True):
    """What of a payment was applied to one bill or balance, `owner_id`; `amount` in minor units."""

    id: str
    owner_id: str
    amount: int


class Reversal(Struct, frozen=True, kw_only=True):
    """How a payment was taken back."""

    reason: ReversalReason
    note: str | None
    reversed_at: datetime


class Payment(Struct, frozen=True, kw_only=True):
    """A payment as stored. `amount` in minor units of `currency`; it is the sum of its applications.

    `customer_id` is whose it is; `account_id` and `bill_id` are there where it was for an account (or its bill) and
    for a bill alone. `collector_id` is the id of the collector's key that brought it; None: the merchant did.
    """

    id: str
    external_reference: str
    amount: int
    currency: str
    status: PaymentStatus
    customer_id: str
    account_id: str | None
    bill_id: str | None
    method: str | None
    paid_at: datetime
    collector_id: str | None
    applications: Sequence[Application]
    reversal: Reversal | None
    metadata: dict[str, str] | None


class PaymentSurroundings(Struct, frozen=True):
    """What was read for one request."""

    target: Obligation | None
    reference_taken: bool
    bills: Sequence[Obligation | None] = ()
    """The bills of `parts`, in order; for an allocation, the open bills in the order of their due dates."""


class MadePayment(Struct, frozen=True):
    """A payment, and what became of each thing that it was applied to."""

    payment: Payment
    paid: Sequence[Paid]


def make_payment(
    request: NewPayment, found: PaymentSurroundings, collector_id: str | None, cause: Cause
) -> MadePayment | Refusal:
    """Takes a payment. Refuses, in this order: an unsafe amount; what does not exist; what the rules refuse.

    Whether its reference is taken is asked before, in `refuse_before_rules`.
    """
    target = found.target
    assert target is not None, "refuse_before_rules sees to it"
    allotted = _allot(request, target, found.bills)
    if isinstance(allotted, Refusal):
        return allotted

    payment_id = new_id("pay_", cause.now)
    cause = structs.replace(cause, payment_id=payment_id)
    paid = [pay(allotment.owed, allotment.amount, cause) for allotment in allotted]
    of = target.of
    payment = Payment(
        id=payment_id,
        external_reference=request.external_reference,
        amount=request.amount,
        currency=request.currency,
        status="applied",
        customer_id=target.customer_id,
        account_id=getattr(of, "account_id", None) if target.kind != "account" else of.id,
        bill_id=of.id if target.kind == "bill" else None,
        method=request.method,
        paid_at=(request.paid_at or cause.now).astimezone(UTC),  # as it is read again
        collector_id=collector_id,
        applications=[
            Application(id=new_id("ob_", cause.now), owner_id=allotment.owed.of.id, amount=allotment.amount)
            for allotment in allotted
        ],
        reversal=None,
        metadata=request.metadata or None,
    )
    return MadePayment(payment, paid)


def refuse_before_rules(request: NewPayment, found: PaymentSurroundings) -> Refusal | None:
    """Refuses an unsafe amount, a reference that was used (whatever else is wrong by now), and what is not there."""
    if refusal := refuse_unsafe([request.amount], "/amount"):
        return refusal
    if found.reference_taken:
        detail = f"Another payment already has the external_reference {request.external_reference!r}."
        return Refusal("external_reference_taken", detail, "/external_reference")
    kind, name = request.target
    return None if found.target else Refusal(_NOT_FOUND[kind], f"There is no {kind} {name!r}.", f"/{kind}")


def _allot(request: NewPayment, target: Obligation, bills: Sequence[Obligation | None]) -> list[Allotment] | Refusal:
    if request.parts is not None:
        return allot_parts(target, request.amount, request.currency, request.parts, bills)
    if request.allocation is not None:
        open_bills = [bill for bill in bills if bill is not None]
        return allot_oldest_first(target, request.amount, request.currency, open_bills)
    return allot_whole(target, request.amount, request.currency)
