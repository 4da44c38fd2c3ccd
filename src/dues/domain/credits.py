"""Credits: a bill lowered with a reason, and what that leaves overpaid held again by the payments that brought it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct, structs

from dues.domain.applications import hold_again
from dues.domain.balances import refuse_unsafe
from dues.domain.bill_changes import settle
from dues.domain.bills import Bill
from dues.domain.entries import Cause, Chain
from dues.domain.fields import CreditReference, PaymentAmount, Reason
from dues.domain.ids import new_id
from dues.domain.lookup import Lookup
from dues.domain.money import written
from dues.domain.payments import Payment
from dues.domain.records import Change, Changing, Record, changed, made
from dues.domain.refusals import Refusal
from dues.domain.taken import refuse_taken

CreditKind = Literal["credit_note", "write_off", "rounding"]


class NewCredit(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """By how much a bill is lowered, and why."""

    amount: PaymentAmount
    kind: Annotated[CreditKind, Meta(description="A credit note, a debt that is given up, or cents that cash has not.")]
    reason: Reason
    external_reference: CreditReference | None = None


class NewCreditReversal(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a credit is taken back."""

    reason: Reason | None = None


class Credit(Struct, frozen=True, kw_only=True):
    """A credit as stored; `amount` in minor units of the bill's `currency`."""

    noun: ClassVar = "credit"

    id: str
    bill_id: str
    external_reference: str | None
    kind: CreditKind
    amount: int
    currency: str
    reason: str
    reversed_at: datetime | None = None
    reversal_reason: str | None = None
    metadata: None = None
    created_at: datetime


class Credited(Struct, frozen=True):
    """A credit, and what became of its bill and of payments."""

    credit: Change[Credit]
    bill: Change[Bill]
    payments: Sequence[Change[Payment]] = ()


def credit_bill(
    record: Record[Bill], new: NewCredit, payments: Sequence[Record[Payment]], lookup: Lookup, cause: Cause
) -> Credited | Refusal:
    """Lowers a bill. `payments` are those with money on it, the latest first: what they have brought too much is held.

    Refuses, in this order: an unsafe amount, a voided bill, a reference that was used, more than the bill comes to;
    what would be settled of a bill that is overpaid beyond all bounds.
    """
    old = record.of
    if refusal := refuse_unsafe([new.amount], "/amount", old.currency):
        return refusal
    if old.status == "voided":
        return _voided(old)
    if new.external_reference and (taken := refuse_taken("credit", new, lookup)):
        return taken
    if new.amount > old.amount_due - old.amount_credited:
        comes_to, asked = (written(one, old.currency) for one in (old.amount_due - old.amount_credited, new.amount))
        detail = f"The bill {old.external_reference!r} comes to {comes_to}, which is less than {asked}."
        return Refusal("credit_exceeds_bill", detail, "/amount")
    if refusal := refuse_unsafe([old.amount_settled + new.amount], "/amount"):
        return refusal

    credit = Credit(
        id=new_id("cred_", cause.now),
        bill_id=old.id,
        external_reference=new.external_reference,
        kind=new.kind,
        amount=new.amount,
        currency=old.currency,
        reason=new.reason,
        created_at=cause.now,
    )
    changing = Changing()
    chain = Chain(old.id, record.head, cause)
    chain.add("credit", old.currency, new.amount, new.reason)
    changing.add(changed(record, settle(old, credited=new.amount), chain.entries))
    left = min(new.amount, max(0, old.amount_settled + new.amount - old.amount_due), old.amount_paid)
    held = []
    for payment in payments:
        if back := min(left, payment.of.applied_to(old.id)):
            held.append(_give_back(changing, record, payment, back, cause))
            left -= back
    [bill] = changing.all()
    return Credited(made(credit, None), bill, held)


def _give_back(
    changing: Changing, record: Record[Bill], payment: Record[Payment], amount: int, cause: Cause
) -> Change[Payment]:
    """So much of a payment is not the bill's any more."""
    bill, cause = changing.now(record), structs.replace(cause, payment_id=payment.of.id)
    chain = Chain(bill.of.id, bill.head, cause)
    chain.add("release", bill.of.currency, -amount)
    changing.add(changed(bill, settle(bill.of, paid=-amount, applied=-amount), chain.entries))
    return hold_again(payment, bill.of.id, amount, cause)


def reverse_credit(
    record: Record[Bill], credit: Record[Credit], reversal: NewCreditReversal, cause: Cause
) -> Credited | Refusal:
    """Takes a credit back: the bill comes to so much more again. Money that it had set free stays where it is."""
    old, of = record.of, credit.of
    if of.reversed_at:
        return Refusal("credit_reversed", f"The credit {of.id} was reversed already.")
    if old.status == "voided":
        return _voided(old)
    chain = Chain(old.id, record.head, cause)
    chain.add("credit_reversal", old.currency, -of.amount, reversal.reason)
    after = structs.replace(of, reversed_at=cause.now, reversal_reason=reversal.reason)
    return Credited(changed(credit, after), changed(record, settle(old, credited=-of.amount), chain.entries))


def _voided(bill: Bill) -> Refusal:
    return Refusal("bill_voided", f"The bill {bill.external_reference!r} was voided and cannot be changed.")
