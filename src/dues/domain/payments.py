"""Payments: money that came in, what it was applied to, and whether it was taken back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

from msgspec import Struct, structs

from dues.domain.allocation import Allotment, Money, allot_oldest_first, allot_parts, allot_whole
from dues.domain.balances import refuse_unsafe
from dues.domain.days import day_at
from dues.domain.entries import Cause, Chain, Head
from dues.domain.ids import new_id
from dues.domain.lookup import Lookup
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Obligation, Owed
from dues.domain.paying import NotRestoredReason, pay
from dues.domain.records import Change, Record, changed, made
from dues.domain.refusals import Refusal, not_found
from dues.domain.taken import refuse_taken

PaymentStatus = Literal["applied", "reversed"]

ReversalReason = Literal["bounced", "duplicate", "fraud", "other"]


class Application(Struct, frozen=True, kw_only=True):
    """What of a payment was applied to one bill or balance, `owner_id`; amounts in minor units.

    `released` of it is held again; `not_restored` of it could not be taken back when the payment was reversed.
    """

    id: str
    owner_id: str
    amount: int
    released: int = 0
    not_restored: int = 0
    not_restored_reason: NotRestoredReason | None = None

    @property
    def live(self) -> int:
        """What of it is still there, or was when the payment was reversed."""
        return self.amount - self.released


class Reversal(Struct, frozen=True, kw_only=True):
    """How a payment was taken back."""

    reason: ReversalReason
    note: str | None
    reversed_at: datetime


class Payment(Struct, frozen=True, kw_only=True):
    """A payment as stored. `amount` in minor units of `currency`: until it is reversed, the sum of what is live of its
    applications, of `amount_unapplied`, which is held, and of `amount_refunded`.

    `customer_id` is whose it is; `account_id` and `bill_id` are there where it was for an account (or its bill) and
    for a bill alone. `collector_id` is the id of the collector's key that brought it; None: the merchant did.
    `represents` is the reversed payment that came again with it; `represented_by` the one as which it came again, and
    which has its reference now. `linked_to` is what it is listed under beside those, and beside what it was listed
    under before: it is written, and not read.
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
    amount_unapplied: int = 0
    amount_refunded: int = 0
    represents: str | None = None
    represented_by: str | None = None
    linked_to: Sequence[str] = ()

    def applied_to(self, owner_id: str) -> int:
        """What of it is applied to a bill or balance."""
        if self.status == "reversed":
            return 0
        return sum(one.live for one in self.applications if one.owner_id == owner_id)


class MadePayment(Struct, frozen=True):
    """A payment that was taken, what was paid by it, in order, and the payment that it represents."""

    payment: Change[Payment]
    paid: Sequence[Change[Obligation]]
    represented: Change[Payment] | None = None


def find_target(new: NewPayment, lookup: Lookup, collector_id: str | None = None) -> Owed | Refusal:
    """What is to be paid. Refuses, in this order: an unsafe amount; a reference that was used (whatever else is wrong
    by now); what is not there to be represented; what does not exist."""
    if refusal := refuse_unsafe([new.amount], "/amount"):
        return refusal
    taken = refuse_taken("payment", new, lookup)
    again = find_represented(new, lookup, collector_id)
    if taken and taken.existing and not (isinstance(again, Record) and again.of.id == taken.existing.id):
        return taken
    if isinstance(again, Refusal):
        return again
    noun, name = new.target
    return lookup.find(noun, name) or not_found(noun, name, f"/{noun}")


def find_represented(
    new: NewPayment, lookup: Lookup, collector_id: str | None = None
) -> Record[Payment] | Refusal | None:
    """The reversed payment that comes again, if one does. Refuses one that stands, one that came again before, and one
    of another reference: that would be free then. What a collector did not bring does not exist for it."""
    if new.represents is None:
        return None
    record = lookup.find("payment", new.represents)
    if record is None or collector_id not in (None, record.of.collector_id):
        return not_found("payment", new.represents, "/represents")
    payment: Payment = record.of
    if payment.status != "reversed":
        detail = f"The payment {payment.external_reference!r} was not reversed, so it cannot come again."
        return Refusal("payment_not_reversed", detail, "/represents")
    if payment.represented_by:
        detail = f"The payment {payment.id} came again already: as {payment.represented_by}."
        return Refusal("payment_represented", detail, "/represents")
    if payment.external_reference != new.external_reference:
        detail = (
            f"/represents names a payment whose reference is {payment.external_reference!r}: it comes again as that."
        )
        return Refusal("validation_failed", detail, "/represents", "other_reference")
    return record


def make_payment(
    new: NewPayment,
    target: Owed,
    bills: Sequence[Owed | None],
    represented: Record[Payment] | None,
    collector_id: str | None,
    cause: Cause,
) -> MadePayment | Refusal:
    """Takes a payment of what `find_target` found. Refuses one of the day after tomorrow, and what the rules refuse,
    unless that is to be held.

    `bills` are those of its parts, in order; for an allocation, the open bills in the order of their due dates.
    """
    if refusal := _refuse_future(new, cause):
        return refusal
    allotted = _allot(new, target, bills)
    if isinstance(allotted, Refusal):
        return allotted

    payment_id = new_id("pay_", cause.now)
    cause = structs.replace(cause, payment_id=payment_id)
    paid = [pay(allotment.owed, allotment.amount, cause) for allotment in allotted]
    held = new.amount - sum(allotment.amount for allotment in allotted)
    ledger = Chain(payment_id, Head(), cause)
    if held:
        ledger.add("hold", new.currency, held)
    of, customer_id = target.of, target.of.customer_id
    account_id = of.id if of.noun == "account" else getattr(of, "account_id", None)
    payment = Payment(
        id=payment_id,
        external_reference=new.external_reference,
        amount=new.amount,
        currency=new.currency,
        status="applied",
        customer_id=customer_id,
        account_id=account_id,
        bill_id=of.id if of.noun == "bill" else None,
        method=new.method,
        paid_at=(new.paid_at or cause.now).astimezone(UTC),  # as it is read again
        collector_id=collector_id,
        applications=[application_of(allotment, cause) for allotment in allotted],
        reversal=None,
        metadata=new.metadata or None,
        amount_unapplied=held,
        represents=represented.of.id if represented else None,
        linked_to=linked_to([target, *(allotment.owed for allotment in allotted)], customer_id, account_id),
    )
    again = changed(represented, structs.replace(represented.of, represented_by=payment.id)) if represented else None
    return MadePayment(made(payment, None, ledger.entries), paid, again)


def application_of(allotment: Allotment, cause: Cause) -> Application:
    """What of a payment is applied to one thing."""
    return Application(id=new_id("ob_", cause.now), owner_id=allotment.owed.of.id, amount=allotment.amount)


def linked_to(owed: Sequence[Owed], customer_id: str, account_id: str | None) -> list[str]:
    """The ids of all that a payment of this customer and account is listed under beside them, as it went there: bills,
    and their accounts and customers."""
    ids: dict[str, None] = {}
    for one in owed:
        for each in (one.of.id, getattr(one.of, "account_id", None), one.of.customer_id):
            if each not in (customer_id, account_id, None):
                ids[each] = None
    return list(ids)


def _refuse_future(new: NewPayment, cause: Cause) -> Refusal | None:
    """Refuses a time that is no fact yet. Banks date what arrives in the night on the day that follows."""
    if new.paid_at is None or new.paid_at <= cause.now:
        return None
    tomorrow = cause.today + timedelta(days=1)
    if day_at(new.paid_at, cause.time_zone) <= tomorrow:
        return None
    detail = f"/paid_at must not be later than tomorrow, {tomorrow} ({cause.time_zone})."
    return Refusal("validation_failed", detail, "/paid_at", "after_tomorrow")


def _allot(new: NewPayment, target: Owed, bills: Sequence[Owed | None]) -> list[Allotment] | Refusal:
    money = Money(new.amount, new.currency, new.amount, hold=new.rest == "hold")
    if new.parts is not None:
        return allot_parts(target, money, new.parts, bills)
    if new.allocation is not None:
        return allot_oldest_first(target, money, [bill for bill in bills if bill is not None])
    return allot_whole(target, money)
