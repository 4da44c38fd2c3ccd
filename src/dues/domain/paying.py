"""What a payment does to what it is applied to, and how it is taken back."""

from msgspec import structs

from dues.domain.balances import refuse_unsafe
from dues.domain.bills import Bill, record_paid
from dues.domain.entries import Cause, Chain, EntryKind
from dues.domain.money import AMOUNT_MAX
from dues.domain.obligations import Obligation, Owed
from dues.domain.records import Change, changed
from dues.domain.refusals import Refusal


def pay(owed: Owed, amount: int, cause: Cause) -> Change[Obligation]:
    """The obligation after a payment that was not refused: a balance falls, what was paid of a bill rises."""
    return _record(owed, amount, "payment", cause)


def take_back(owed: Owed, amount: int, currency: str, reason: str, cause: Cause) -> Change[Obligation] | Refusal:
    """The obligation after the reversal of a payment: a balance rises, what was paid of a bill falls.

    Refuses, for what was changed since: `bill_voided`, `payment_outweighed`, `balance_not_tracked`,
    `currency_mismatch`, `amount_out_of_range`.
    """
    called = f"The {owed.of.noun} {owed.of.external_reference!r}"
    if isinstance(owed.of, Bill):
        if owed.of.status == "voided":
            return Refusal("bill_voided", f"{called} was voided since and cannot be changed.")
        if owed.of.amount_paid < amount:
            detail = f"{called} has {owed.of.amount_paid} recorded as paid, which is less than this payment's {amount}."
            return Refusal("payment_outweighed", f"{detail} Its amount_paid was lowered by hand since: raise it first.")
    elif owed.of.balance is None:
        return Refusal("balance_not_tracked", f"{called} tracks no balance any more. PATCH gives it one.")
    elif owed.of.currency != currency:
        return Refusal("currency_mismatch", f"{called} is in {owed.of.currency} now; the payment was in {currency}.")
    elif refusal := refuse_unsafe([owed.of.balance + amount], "/amount"):
        return Refusal(refusal.code, f"{called} would leave the range of ±{AMOUNT_MAX}.")
    return _record(owed, -amount, "reversal", cause, reason)


def _record(owed: Owed, amount: int, kind: EntryKind, cause: Cause, reason: str | None = None) -> Change[Obligation]:
    chain = Chain(owed.of.id, owed.head, cause)
    if isinstance(owed.of, Bill):
        chain.add(kind, owed.of.currency, amount, reason)
        return changed(owed, record_paid(owed.of, amount), chain.entries)
    assert owed.of.balance is not None
    assert owed.of.currency is not None
    chain.add(kind, owed.of.currency, -amount, reason)
    return changed(owed, structs.replace(owed.of, balance=owed.of.balance - amount), chain.entries)
