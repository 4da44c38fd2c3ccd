"""GET …/payable: what can be paid of a customer, an account or a bill just now, from the code that enforces it."""

from collections.abc import Iterable
from typing import Annotated, Any

from msgspec import Struct, structs

from dues.commands.command import Command, Look, Outcome, Shown, to_shown_json
from dues.commands.kind import Kind
from dues.commands.known import TenantLookup
from dues.commands.questions import Named
from dues.domain.entries import Cause
from dues.domain.fields import Currency, says
from dues.domain.obligations import Owed, payable
from dues.domain.refusals import Refusal, RefusalCode, not_found
from dues.resources.customers.store import CUSTOMER
from dues.work.questions import Question
from dues.work.work import Request


class ReasonBody(Struct, frozen=True, kw_only=True):
    """Why nothing can be paid."""

    code: Annotated[RefusalCode, says("The code that a payment would be refused with.")]
    detail: Annotated[str, says("A sentence about it.")]


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
    name: Annotated[str, says("The customer's name, masked: enough to ask whether it is the right one.")] | None = None


def payable_of(kind: Kind[Any]) -> Command:
    """Shows what can be paid of one object just now, or why nothing can."""

    def questions(request: Request[Look]) -> Iterable[Question]:
        yield Named(kind, request.body.name)

    def further(request: Request[Look], lookup: TenantLookup) -> Iterable[Question]:
        if owed := lookup.find(kind.noun, request.body.name):
            yield Named(CUSTOMER, owed.of.customer_id)

    def decide(request: Request[Look], lookup: TenantLookup, _cause: Cause) -> Outcome | Refusal:
        owed = lookup.find(kind.noun, request.body.name)
        if owed is None:
            return not_found(kind.noun, request.body.name)
        body = payable_body(owed)
        name = lookup.record(owed.of.customer_id).of.name
        shown = structs.replace(body, name=masked(name or "") or None)
        return Outcome(Shown(body.id, to_shown_json(shown), to_shown_json(body)))

    return Command(f"{kind.table}.payable", questions, decide, further)


def payable_json(owed: Owed) -> bytes:
    """What the entity tag of a payable is made of: all but the name."""
    return to_shown_json(payable_body(owed))


def payable_body(owed: Owed) -> PayableBody:
    """What can be paid, as clients see it, without the name."""
    can = payable(owed)
    return PayableBody(
        id=owed.of.id,
        external_reference=owed.of.external_reference,
        payable=can.refusal is None,
        outstanding=owed.of.outstanding,
        currency=owed.of.currency,
        min_amount=None if can.refusal else can.smallest,
        max_amount=None if can.refusal else can.largest,
        reason=ReasonBody(code=can.refusal.code, detail=can.refusal.detail) if can.refusal else None,
    )


def masked(name: str) -> str:
    """The first letter of each word: `Jane Doe` is `J*** D***`. Nothing tells how long a word is."""
    return " ".join(f"{word[0]}***" for word in name.split())
