"""What a payment does to what it is applied to, and how it is taken back: each step of it one entry."""

from typing import Literal

from msgspec import Struct, structs

from dues.domain.balances import refuse_unsafe
from dues.domain.bill_changes import settle
from dues.domain.bills import Bill
from dues.domain.entries import Cause, Chain, EntryKind
from dues.domain.money import AMOUNT_MAX, written
from dues.domain.obligations import Obligation, Owed
from dues.domain.records import Change, changed
from dues.domain.refusals import Refusal, RefusalCode

NotRestoredReason = Literal[
    "amount_out_of_range",
    "amount_paid_lowered",
    "balance_not_tracked",
    "bill_voided",
    "currency_mismatch",
    "refunded",
]
"""Why money that a payment had brought could not be taken back from where it went."""


class NotRestored(Struct, frozen=True):
    """So much, in minor units, could not be taken back, and why."""

    amount: int
    reason: NotRestoredReason


def pay(owed: Owed, amount: int, cause: Cause) -> Change[Obligation]:
    """The obligation after a payment that was not refused: a balance falls, what was paid of a bill rises."""
    return _move(owed, amount, amount, "payment", cause)


def release(owed: Owed, amount: int, currency: str, cause: Cause) -> Change[Obligation] | Refusal:
    """The obligation after so much of a payment is held again instead. Refuses what cannot be changed any more."""
    if stands_in_the_way := _not_restorable(owed, amount, currency):
        return _refused(owed, amount, currency, stands_in_the_way)
    return _move(owed, -amount, -amount, "release", cause)


def restore(
    owed: Owed, amount: int, currency: str, reason: str, cause: Cause
) -> tuple[Change[Obligation], NotRestored | None]:
    """The obligation after the reversal of a payment, and what could not be taken back. That it bounced is a fact, so
    it is never refused."""
    stands_in_the_way = _not_restorable(owed, amount, currency)
    if stands_in_the_way == "amount_paid_lowered":
        assert isinstance(owed.of, Bill)
        back = owed.of.amount_paid
    else:
        back = 0 if stands_in_the_way else amount
    lost = NotRestored(amount - back, stands_in_the_way) if stands_in_the_way else None
    return _move(owed, -back, -amount, "reversal", cause, reason), lost


def _not_restorable(owed: Owed, amount: int, currency: str) -> NotRestoredReason | None:
    """What stands in the way of taking so much back."""
    if isinstance(owed.of, Bill):
        if owed.of.status == "voided":
            return "bill_voided"
        return "amount_paid_lowered" if owed.of.amount_paid < amount else None
    if owed.of.balance is None:
        return "balance_not_tracked"
    if owed.of.currency != currency:
        return "currency_mismatch"
    return "amount_out_of_range" if refuse_unsafe([owed.of.balance + amount], "/amount") else None


def _refused(owed: Owed, amount: int, currency: str, reason: NotRestoredReason) -> Refusal:
    called = f"The {owed.of.noun} {owed.of.external_reference!r}"
    code: RefusalCode
    match reason:
        case "bill_voided":
            code, detail = "bill_voided", f"{called} was voided since and cannot be changed."
        case "amount_paid_lowered":
            code = "payment_outweighed"
            detail = (
                f"{called} has less recorded as paid than {written(amount, currency)}: raise its amount_paid first."
            )
        case "balance_not_tracked":
            code, detail = "balance_not_tracked", f"{called} tracks no balance any more. PATCH gives it one."
        case "currency_mismatch":
            code = "currency_mismatch"
            detail = f"{called} is in {owed.of.currency} now; the payment was in {currency}."
        case _:
            code, detail = "amount_out_of_range", f"{called} would leave the range of ±{AMOUNT_MAX}."
    return Refusal(code, detail)


def _move(
    owed: Owed, amount: int, applied: int, kind: EntryKind, cause: Cause, reason: str | None = None
) -> Change[Obligation]:
    """So much more is paid (negative: less). `applied` is by how much what payments have applied to a bill changes."""
    chain = Chain(owed.of.id, owed.head, cause)
    if isinstance(owed.of, Bill):
        if amount:
            chain.add(kind, owed.of.currency, amount, reason)
        return changed(owed, settle(owed.of, paid=amount, applied=applied), chain.entries)
    if not amount:
        return changed(owed, owed.of)
    assert owed.of.balance is not None
    assert owed.of.currency is not None
    chain.add(kind, owed.of.currency, -amount, reason)
    return changed(owed, structs.replace(owed.of, balance=owed.of.balance - amount), chain.entries)
