"""GET …/payable: what can be paid of a customer, an account or a bill just now, from the code that enforces it."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Struct, structs

from dues.domain.fields import Currency, says
from dues.domain.obligations import Obligation, payable
from dues.domain.payment_rules import Kind
from dues.domain.refusals import Refusal, RefusalCode
from dues.resources.changes import Look, Shown, to_shown_json
from dues.resources.customers.store import CUSTOMER
from dues.resources.names import find_by_keys
from dues.work.work import Request, Work

_NOT_FOUND: dict[Kind, RefusalCode] = {
    "bill": "bill_not_found",
    "account": "account_not_found",
    "customer": "customer_not_found",
}


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


async def show_payables(
    work: Work, requests: Sequence[Request[Look]], kind: Kind, found: Sequence[Obligation | None]
) -> list[Shown | Refusal]:
    """One answer per request: what can be paid of what it names."""
    keys = [(request.tenant_id, owed.customer_id) for request, owed in zip(requests, found, strict=True) if owed]
    customers = await find_by_keys(work, CUSTOMER, list(dict.fromkeys(keys)))

    answers: list[Shown | Refusal] = []
    for request, owed in zip(requests, found, strict=True):
        if owed is None:
            answers.append(Refusal(_NOT_FOUND[kind], f"There is no {kind} {request.body.name!r}."))
            continue
        body = payable_body(owed)
        name = customers[request.tenant_id, owed.customer_id].customer.name
        shown = structs.replace(body, name=masked(name or "") or None)
        answers.append(Shown(body.id, to_shown_json(shown), to_shown_json(body)))
    return answers


def payable_json(owed: Obligation) -> bytes:
    """What the entity tag of a payable is made of: all but the name."""
    return to_shown_json(payable_body(owed))


def payable_body(owed: Obligation) -> PayableBody:
    """What can be paid, as clients see it, without the name."""
    can = payable(owed)
    return PayableBody(
        id=owed.of.id,
        external_reference=owed.of.external_reference,
        payable=can.refusal is None,
        outstanding=owed.outstanding,
        currency=owed.of.currency,
        min_amount=None if can.refusal else can.smallest,
        max_amount=None if can.refusal else can.largest,
        reason=ReasonBody(code=can.refusal.code, detail=can.refusal.detail) if can.refusal else None,
    )


def masked(name: str) -> str:
    """The first letter of each word: `Jane Doe` is `J*** D***`. Nothing tells how long a word is."""
    return " ".join(f"{word[0]}***" for word in name.split())
