"""Obligations: what can be paid, and how: what remains of a bill, or the balance of an account or a customer.

A payment is refused, and what is payable is told, by one and the same function: `refuse_payment`.
"""

from msgspec import Struct

from dues.domain.accounts import Account
from dues.domain.bills import Bill
from dues.domain.customers import Customer
from dues.domain.money import AMOUNT_MAX, written
from dues.domain.payment_rules import PaymentRules
from dues.domain.records import Record
from dues.domain.refusals import Refusal, RefusalCode

Obligation = Bill | Account | Customer
"""What can be paid."""

Owed = Record[Obligation]


def rules_of(owed: Owed) -> PaymentRules | None:
    """The rules that hold for it: its own, else the merchant's default. Without an amount there are none."""
    return None if owed.of.outstanding is None else owed.of.payment_rules or owed.default_rules


def refuse_payment(owed: Owed, amount: int, currency: str, at: str = "", whole: int | None = None) -> Refusal | None:
    """Refuses what may not be paid, with what is outstanding and the rules. `at` is where the amount stands.

    `whole` is the payment that the amount is a part of: the smallest and the largest amount bound that.

    In this order: `bill_voided`, `payment_not_allowed`, `currency_mismatch`, `payment_below_minimum`,
    `payment_above_maximum`, `underpayment_not_allowed`, `overpayment_not_allowed`, `amount_out_of_range`.
    """
    whole = amount if whole is None else whole
    code = _forbidden_by(owed, amount, currency, whole)
    return None if code is None else _refusal(code, owed, currency, at)


def _forbidden_by(owed: Owed, amount: int, currency: str, whole: int) -> RefusalCode | None:
    of, outstanding, rules = owed.of, owed.of.outstanding, rules_of(owed)
    if isinstance(of, Bill) and of.status == "voided":
        return "bill_voided"
    if outstanding is None or rules is None:
        return "payment_not_allowed"
    if currency != of.currency:
        return "currency_mismatch"
    if whole < rules.min_amount and amount != outstanding:
        return "payment_below_minimum"
    if whole > rules.max_amount:
        return "payment_above_maximum"
    if amount < outstanding and not rules.underpayment_allowed:
        return "underpayment_not_allowed"
    if amount > outstanding and not rules.overpayment_allowed:
        return "overpayment_not_allowed"
    return "amount_out_of_range" if amount > of.payment_max else None


def _refusal(code: RefusalCode, owed: Owed, currency: str, at: str) -> Refusal:
    called = f"The {owed.of.noun} {owed.of.external_reference!r}"
    outstanding, rules = owed.of.outstanding, rules_of(owed)
    owing = written(outstanding or 0, currency)
    pointer: str | None = f"{at}/amount"
    match code:
        case "bill_voided":
            return Refusal(code, f"{called} was voided and cannot be paid.")
        case "payment_not_allowed":
            pointer, detail = None, "has no payment rules, so it cannot be paid."
            if outstanding is None:
                detail = "tracks no balance, so there is nothing to pay."
        case "currency_mismatch":
            pointer, detail = "/currency", f"is in {owed.of.currency}, not {currency}."
        case "payment_below_minimum":
            exactly = f", or exactly the {owing} that is outstanding" if outstanding else ""
            pointer, detail = "/amount", f"takes payments from {written(_of(rules).min_amount, currency)} on{exactly}."
        case "payment_above_maximum":
            pointer, detail = "/amount", f"takes payments of at most {written(_of(rules).max_amount, currency)}."
        case "underpayment_not_allowed":
            detail = f"takes nothing less than the {owing} outstanding."
        case "overpayment_not_allowed":
            detail = f"takes nothing more than the {owing} outstanding."
        case _:
            detail = f"would leave the range of ±{AMOUNT_MAX}."
    return Refusal(code, f"{called} {detail}", pointer, outstanding=outstanding, payment_rules=rules)


def _of(rules: PaymentRules | None) -> PaymentRules:
    assert rules is not None, "without rules nothing can be below or above them"
    return rules


class Payable(Struct, frozen=True):
    """What can be paid now: any `smallest` to `largest` that the rules allow; or why nothing can (`refusal`)."""

    smallest: int = 0
    largest: int = 0
    refusal: Refusal | None = None


def payable(owed: Owed) -> Payable:
    """The smallest and the largest amount that would not be refused."""
    outstanding, rules, currency = owed.of.outstanding or 0, rules_of(owed), owed.of.currency or ""
    least = rules.min_amount if rules else 0
    most = min(rules.max_amount, owed.of.payment_max) if rules else 0
    # What may be paid is, as the rules allow, a range below what is outstanding, exactly that, and a range above:
    # these are their ends.
    ends = {max(1, least), outstanding, max(least, outstanding + 1), min(most, outstanding - 1), most}
    possible = [amount for amount in ends if amount >= 1 and not refuse_payment(owed, amount, currency)]
    if not possible:
        return Payable(refusal=refuse_payment(owed, outstanding or max(1, least), currency))
    return Payable(min(possible), max(possible))


def takes_of(owed: Owed, amount: int, currency: str, whole: int) -> tuple[int, Refusal | None]:
    """How much of `amount`, a part of the payment `whole`, it takes without being overpaid; and why none of it."""
    most = min(amount, owed.of.outstanding or 0)
    refusal = refuse_payment(owed, most or amount, currency, whole=whole)
    return (0, refusal) if refusal or not most else (most, None)
