"""Allocation: how money is spread over several bills of an owner, what is left for the balance, and what is held."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from msgspec import Struct

from dues.domain.bills import Bill
from dues.domain.fields import BillName, PaymentAmount
from dues.domain.money import written
from dues.domain.obligations import Owed, refuse_payment, takes_of
from dues.domain.refusals import Refusal, not_found

BILLS_MAX: Final = 500
"""How many bills one payment may go over: its answer names each, and its transaction holds each."""

PARTS_MAX: Final = 100


class Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So much of a payment for this bill."""

    bill: BillName
    amount: PaymentAmount


class Allotment(Struct, frozen=True):
    """So much of a payment for this."""

    owed: Owed
    amount: int


class Money(Struct, frozen=True):
    """What is to be spread: so much of a payment of `whole`, in minor units of `currency`.

    `hold`: what nothing takes is held; else it is refused.
    """

    amount: int
    currency: str
    whole: int
    hold: bool = False


def allot_whole(target: Owed, money: Money) -> list[Allotment] | Refusal:
    """All of it for `target`, if it may be paid so; where money is held, as much of it as it takes."""
    refusal = refuse_payment(target, money.amount, money.currency, whole=money.whole)
    if refusal is None:
        return [Allotment(target, money.amount)]
    return _taken(target, money.amount, money) if money.hold else refusal


def allot_parts(
    target: Owed, money: Money, parts: Sequence[Part], bills: Sequence[Owed | None]
) -> list[Allotment] | Refusal:
    """For each of `bills`, in order, its part; the rest for the balance of `target`, whose bills they must be.

    Each part is refused for what a payment of its own would be refused for; so is the rest.
    """
    allotted: dict[str, Allotment] = {}
    named: set[str] = set()
    for number, (part, owed) in enumerate(zip(parts, bills, strict=True)):
        at = f"/parts/{number}"
        if owed is None:
            return not_found("bill", part.bill, f"{at}/bill")
        if not _belongs(owed, target):
            detail = f"The bill {part.bill!r} is not one of the {target.of.noun} {target.of.external_reference!r}."
            return Refusal("owner_mismatch", detail, f"{at}/bill")
        if owed.of.id in named:
            return Refusal("validation_failed", f"{at}/bill names a bill that is named before.", f"{at}/bill", "twice")
        named.add(owed.of.id)
        refusal = refuse_payment(owed, part.amount, money.currency, at, money.whole)
        if refusal and not money.hold:
            return refusal
        for allotment in _taken(owed, part.amount, money) if refusal else [Allotment(owed, part.amount)]:
            allotted[owed.of.id] = allotment
    rest = money.amount - sum(part.amount for part in parts)
    return _with_rest(list(allotted.values()), target, rest, money, None)


def allot_oldest_first(target: Owed, money: Money, bills: Sequence[Owed]) -> list[Allotment] | Refusal:
    """Each of `bills`, in order, is filled before the next; the rest is for the balance.

    A bill whose rules forbid it is passed over. `bills` may be one more than BILLS_MAX, which tells that there are too
    many.
    """
    allotted, left, passed = fill(bills, money)
    if left and len(bills) > BILLS_MAX:
        still = written(left, money.currency)
        detail = f"{still} would be left after {BILLS_MAX} bills, and there are more: split the payment."
        return Refusal("too_many_bills", detail, "/amount")
    return _with_rest(allotted, target, left, money, passed)


def fill(bills: Sequence[Owed], money: Money) -> tuple[list[Allotment], int, Refusal | None]:
    """What each bill takes, what is left then, and why the first bill that was passed over was."""
    allotted: list[Allotment] = []
    left, passed = money.amount, None
    for owed in bills[:BILLS_MAX]:
        if not left:
            break
        taken, refusal = takes_of(owed, left, money.currency, money.whole)
        passed = passed or refusal
        if taken:
            allotted.append(Allotment(owed, taken))
            left -= taken
    return allotted, left, passed


def _belongs(bill: Owed, target: Owed) -> bool:
    assert isinstance(bill.of, Bill)
    return target.of.id == (bill.of.account_id if target.of.noun == "account" else bill.of.customer_id)


def _taken(owed: Owed, amount: int, money: Money) -> list[Allotment]:
    """As much as it takes; nothing, where the rules allow none."""
    taken, _ = takes_of(owed, amount, money.currency, money.whole)
    return [Allotment(owed, taken)] if taken else []


def _with_rest(
    allotted: list[Allotment], target: Owed, rest: int, money: Money, passed: Refusal | None
) -> list[Allotment] | Refusal:
    """The rest for the balance. Where that may not take it, the reason is that of a bill which was passed over."""
    if not rest:
        return allotted
    refusal = refuse_payment(target, rest, money.currency, whole=money.whole)
    if refusal is None:
        return [*allotted, Allotment(target, rest)]
    if money.hold:
        return [*allotted, *_taken(target, rest, money)]
    if passed:
        return passed
    left = written(rest, money.currency)
    return replace(refusal, detail=f"{left} would be left for the balance. {refusal.detail}")
