"""Allocation: how one payment is spread over several bills of its owner, and what is left for the balance."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from msgspec import Struct

from dues.domain.bills import Bill
from dues.domain.fields import BillName, PaymentAmount
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


def allot_whole(target: Owed, amount: int, currency: str) -> list[Allotment] | Refusal:
    """All of it for `target`, if it may be paid so."""
    return refuse_payment(target, amount, currency) or [Allotment(target, amount)]


def allot_parts(
    target: Owed, amount: int, currency: str, parts: Sequence[Part], bills: Sequence[Owed | None]
) -> list[Allotment] | Refusal:
    """For each of `bills`, in order, its part; the rest for the balance of `target`, whose bills they must be.

    Each part is refused for what a payment of its own would be refused for; so is the rest.
    """
    allotted: dict[str, Allotment] = {}
    for number, (part, owed) in enumerate(zip(parts, bills, strict=True)):
        at = f"/parts/{number}"
        if owed is None:
            return not_found("bill", part.bill, f"{at}/bill")
        if not _belongs(owed, target):
            detail = f"The bill {part.bill!r} is not one of the {target.of.noun} {target.of.external_reference!r}."
            return Refusal("owner_mismatch", detail, f"{at}/bill")
        if owed.of.id in allotted:
            return Refusal("validation_failed", f"{at}/bill names a bill that is named before.", f"{at}/bill", "twice")
        if refusal := refuse_payment(owed, part.amount, currency, at):
            return refusal
        allotted[owed.of.id] = Allotment(owed, part.amount)
    return _with_rest(list(allotted.values()), target, amount, currency)


def allot_oldest_first(target: Owed, amount: int, currency: str, bills: Sequence[Owed]) -> list[Allotment] | Refusal:
    """Each of `bills`, in order, takes as much of what is left as its rules allow; the rest is for the balance.

    `bills` may be one more than BILLS_MAX, which tells that there are too many.
    """
    allotted: list[Allotment] = []
    left = amount
    for number, owed in enumerate(bills):
        if not left:
            break
        if number == BILLS_MAX:
            detail = f"{left} would be left after {BILLS_MAX} bills, and there are more: split the payment."
            return Refusal("too_many_bills", detail, "/amount")
        if taken := takes_of(owed, left, currency):
            allotted.append(Allotment(owed, taken))
            left -= taken
    return _with_rest(allotted, target, amount, currency)


def _belongs(bill: Owed, target: Owed) -> bool:
    assert isinstance(bill.of, Bill)
    return target.of.id == (bill.of.account_id if target.of.noun == "account" else bill.of.customer_id)


def _with_rest(allotted: list[Allotment], target: Owed, amount: int, currency: str) -> list[Allotment] | Refusal:
    rest = amount - sum(allotment.amount for allotment in allotted)
    if not rest:
        return allotted
    if refusal := refuse_payment(target, rest, currency):
        return replace(refusal, detail=f"{rest} would be left for the balance. {refusal.detail}")
    return [*allotted, Allotment(target, rest)]
