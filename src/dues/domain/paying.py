"""What a payment does to what it is applied to, and how it is taken back."""

from msgspec import Struct, structs

from dues.domain.accounts import Account
from dues.domain.balances import refuse_unsafe
from dues.domain.bills import Bill, record_paid
from dues.domain.customers import Customer
from dues.domain.entries import Cause, Chain, Entry, EntryKind
from dues.domain.money import AMOUNT_MAX
from dues.domain.obligations import Obligation
from dues.domain.refusals import Refusal


class Paid(Struct, frozen=True):
    """An obligation before and after a payment or its reversal, and the entries of that."""

    before: Obligation
    after: Obligation
    entries: list[Entry]


def pay(owed: Obligation, amount: int, cause: Cause) -> Paid:
    """The obligation after a payment that was not refused: a balance falls, what was paid of a bill rises."""
    return _record(owed, amount, "payment", cause)


def take_back(owed: Obligation, amount: int, currency: str, reason: str, cause: Cause) -> Paid | Refusal:
    """The obligation after the reversal of a payment: a balance rises, what was paid of a bill falls.

    Refuses, for what was changed since: `bill_voided`, `payment_outweighed`, `balance_not_tracked`,
    `currency_mismatch`, `amount_out_of_range`.
    """
    called = f"The {owed.kind} {owed.of.external_reference!r}"
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


def _record(owed: Obligation, amount: int, kind: EntryKind, cause: Cause, reason: str | None = None) -> Paid:
    chain = Chain(owed.of.id, owed.head, cause)
    after: Bill | Account | Customer
    if isinstance(owed.of, Bill):
        after = record_paid(owed.of, amount)
        chain.add(kind, owed.of.currency, amount, reason)
    else:
        assert owed.of.balance is not None
        assert owed.of.currency is not None
        after = structs.replace(owed.of, balance=owed.of.balance - amount)
        chain.add(kind, owed.of.currency, -amount, reason)
    return Paid(owed, Obligation(after, owed.default_rules), chain.entries)
