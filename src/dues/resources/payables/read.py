"""GET …/payable: what can be paid of a customer, an account or a bill just now, from the code that enforces it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any

from msgspec import Struct, structs

from dues.commands.command import Command, Look, Outcome, Shown, to_shown_json
from dues.commands.kind import Kind
from dues.commands.known import TenantLookup
from dues.commands.questions import Named
from dues.domain.entries import Cause
from dues.domain.fields import Currency, says
from dues.domain.obligations import Owed, payable
from dues.domain.open_bills import COUNTED_MAX, OpenBillsTotal, own_first, tell_open_bills
from dues.domain.refusals import Refusal, RefusalCode, not_found
from dues.resources.bills.store import OpenBillTotals, find_open_bill_totals
from dues.resources.customers.store import CUSTOMER
from dues.work.questions import Question
from dues.work.work import Request


class ReasonBody(Struct, frozen=True, kw_only=True):
    """Why nothing can be paid."""

    code: Annotated[RefusalCode, says("The code that a payment would be refused with.")]
    detail: Annotated[str, says("A sentence about it.")]


class OpenBillsBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the open bills in one currency come to, beside the balance."""

    currency: Currency
    count: Annotated[int, says(f"How many are not paid. No more than {COUNTED_MAX} are counted and added up.")]
    amount_remaining: Annotated[int, says("What remains to be paid of them, in the smallest unit.")]
    oldest_due_date: Annotated[date, says("When the first of them is or was due, where any has a date.")] | None = None


class PayableBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What can be paid now. Its `ETag`, as `If-Match` of a payment, says: only if this is still so."""

    id: Annotated[str, says("The id of what is to be paid.")]
    external_reference: Annotated[str, says("Your own name for it.")]
    payable: Annotated[bool, says("Whether anything can be paid.")]
    outstanding: (
        Annotated[int, says("What is to be paid, in the smallest unit; absent: no amount is tracked.")] | None
    ) = None
    currency: Currency | None = None
    min_amount: Annotated[int, says("The smallest payment that would be taken.")] | None = None
    max_amount: Annotated[int, says("The largest payment that would be taken.")] | None = None
    reason: ReasonBody | None = None
    open_bills: (
        Annotated[
            OpenBillsBody,
            says("Of an account or a customer with open bills: those in its own currency, or else in the first."),
        ]
        | None
    ) = None
    open_bills_in_other_currencies: (
        Annotated[list[OpenBillsBody], says("Those in any other currency, where there are some.")] | None
    ) = None
    name: Annotated[str, says("The customer's name, masked: enough to ask whether it is the right one.")] | None = None


def payable_of(kind: Kind[Any]) -> Command:
    """Shows what can be paid of one object just now, or why nothing can."""

    def questions(request: Request[Look]) -> Iterable[Question]:
        yield Named(kind, request.body.name)
        yield from open_bills_asked_of(kind.noun, request.body.name)

    def further(request: Request[Look], lookup: TenantLookup) -> Iterable[Question]:
        if owed := lookup.find(kind.noun, request.body.name):
            yield Named(CUSTOMER, owed.of.customer_id)

    def decide(request: Request[Look], lookup: TenantLookup, _cause: Cause) -> Outcome | Refusal:
        owed = lookup.find(kind.noun, request.body.name)
        if owed is None:
            return not_found(kind.noun, request.body.name)
        totals = open_bills_of(kind.noun, request.body.name, lookup)
        if isinstance(totals, Refusal):
            return totals
        body = payable_body(owed, totals)
        name = lookup.record(owed.of.customer_id).of.name
        shown = structs.replace(body, name=masked(name or "") or None)
        return Outcome(Shown(body.id, to_shown_json(shown), to_shown_json(body)))

    return Command(f"{kind.table}.payable", questions, decide, further)


def open_bills_asked_of(noun: str, name: str) -> Iterable[Question]:
    """What is to be known of the bills of an account or a customer, to tell what is payable."""
    if noun != "bill":
        yield OpenBillTotals(noun, name)


def open_bills_of(noun: str, name: str, lookup: TenantLookup) -> Sequence[OpenBillsTotal] | Refusal:
    """What that came to; a bill has no bills."""
    return () if noun == "bill" else find_open_bill_totals(lookup, OpenBillTotals(noun, name))


def payable_json(owed: Owed, open_bills: Sequence[OpenBillsTotal]) -> bytes:
    """What the entity tag of a payable is made of: all but the name."""
    return to_shown_json(payable_body(owed, open_bills))


def payable_body(owed: Owed, open_bills: Sequence[OpenBillsTotal]) -> PayableBody:
    """What can be paid, as clients see it, without the name."""
    can = payable(owed)
    totals = own_first(open_bills, owed.of.currency)
    bodies = [_open_bills_body(total) for total in totals]
    return PayableBody(
        id=owed.of.id,
        external_reference=owed.of.external_reference,
        payable=can.refusal is None,
        outstanding=owed.of.outstanding,
        currency=owed.of.currency,
        min_amount=None if can.refusal else can.smallest,
        max_amount=None if can.refusal else can.largest,
        reason=ReasonBody(code=can.refusal.code, detail=tell_open_bills(owed, can.refusal, totals))
        if can.refusal
        else None,
        open_bills=bodies[0] if bodies else None,
        open_bills_in_other_currencies=bodies[1:] or None,
    )


def _open_bills_body(total: OpenBillsTotal) -> OpenBillsBody:
    return OpenBillsBody(
        currency=total.currency,
        count=total.count,
        amount_remaining=total.amount_remaining,
        oldest_due_date=total.oldest_due_date,
    )


def masked(name: str) -> str:
    """The first letter of each word: `Jane Doe` is `J*** D***`. Nothing tells how long a word is."""
    return " ".join(f"{word[0]}***" for word in name.split())
