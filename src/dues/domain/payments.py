"""Payments: money that came in, what it was applied to, and whether it was taken back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar, Literal

from msgspec import Struct, structs

from dues.domain.allocation import Allotment, allot_oldest_first, allot_parts, allot_whole
from dues.domain.balances import refuse_unsafe
from dues.domain.entries import Cause
from dues.domain.ids import new_id
from dues.domain.lookup import Lookup
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Obligation, Owed
from dues.domain.paying import pay
from dues.domain.records import Change, made
from dues.domain.refusals import Refusal, not_found
from dues.domain.taken import refuse_taken

PaymentStatus = Literal["applied", "reversed"]

ReversalReason = Literal["bounced", "duplicate", "fraud", "other"]


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

    noun: ClassVar = "payment"

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


class MadePayment(Struct, frozen=True):
    """A payment that was taken or taken back, and what became of each thing that it was applied to, in order."""

    payment: Change[Payment]
    paid: Sequence[Change[Obligation]]


def find_target(new: NewPayment, lookup: Lookup) -> Owed | Refusal:
    """What is to be paid. Refuses, in this order: an unsafe amount; a reference that was used (whatever else is wrong
    by now); what does not exist."""
    if refusal := refuse_unsafe([new.amount], "/amount"):
        return refusal
    if taken := refuse_taken("payment", new, lookup):
        return taken
    noun, name = new.target
    return lookup.find(noun, name) or not_found(noun, name, f"/{noun}")


def make_payment(
    new: NewPayment, target: Owed, bills: Sequence[Owed | None], collector_id: str | None, cause: Cause
) -> MadePayment | Refusal:
    """Takes a payment of what `find_target` found. Refuses what the rules refuse.

    `bills` are those of its parts, in order; for an allocation, the open bills in the order of their due dates.
    """
    allotted = _allot(new, target, bills)
    if isinstance(allotted, Refusal):
        return allotted

    payment_id = new_id("pay_", cause.now)
    cause = structs.replace(cause, payment_id=payment_id)
    paid = [pay(allotment.owed, allotment.amount, cause) for allotment in allotted]
    of = target.of
    payment = Payment(
        id=payment_id,
        external_reference=new.external_reference,
        amount=new.amount,
        currency=new.currency,
        status="applied",
        customer_id=of.customer_id,
        account_id=of.id if of.noun == "account" else getattr(of, "account_id", None),
        bill_id=of.id if of.noun == "bill" else None,
        method=new.method,
        paid_at=(new.paid_at or cause.now).astimezone(UTC),  # as it is read again
        collector_id=collector_id,
        applications=[
            Application(id=new_id("ob_", cause.now), owner_id=allotment.owed.of.id, amount=allotment.amount)
            for allotment in allotted
        ],
        reversal=None,
        metadata=new.metadata or None,
    )
    return MadePayment(made(payment, None), paid)


def _allot(new: NewPayment, target: Owed, bills: Sequence[Owed | None]) -> list[Allotment] | Refusal:
    if new.parts is not None:
        return allot_parts(target, new.amount, new.currency, new.parts, bills)
    if new.allocation is not None:
        open_bills = [bill for bill in bills if bill is not None]
        return allot_oldest_first(target, new.amount, new.currency, open_bills)
    return allot_whole(target, new.amount, new.currency)
