"""Payments: money that came in, what it was applied to, and whether it was taken back."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from dues.domain.allocation import PARTS_MAX, Allotment, Part, allot_oldest_first, allot_parts, allot_whole
from dues.domain.balances import refuse_unsafe
from dues.domain.entries import Cause
from dues.domain.fields import (
    AccountName,
    BillName,
    Currency,
    CustomerName,
    Metadata,
    Note,
    PaymentAmount,
    PaymentMethod,
    PaymentReference,
    Time,
)
from dues.domain.ids import new_id
from dues.domain.obligations import Obligation, Paid, pay, take_back
from dues.domain.payment_rules import Kind
from dues.domain.refusals import Refusal, RefusalCode
from dues.domain.violations import Violation

PaymentStatus = Literal["applied", "reversed"]

ReversalReason = Literal["bounced", "duplicate", "fraud", "other"]

_NOT_FOUND: dict[Kind, RefusalCode] = {
    "bill": "bill_not_found",
    "account": "account_not_found",
    "customer": "customer_not_found",
}


class NewPayment(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A payment that came in, for exactly one of a bill, an account or a customer, all of which exist."""

    external_reference: PaymentReference
    amount: PaymentAmount
    currency: Currency
    bill: BillName | None = None
    account: AccountName | None = None
    customer: CustomerName | None = None
    parts: (
        Annotated[
            list[Part],
            Meta(
                min_length=1,
                max_length=PARTS_MAX,
                description="For several bills of the account or customer: how much for each. What is left over goes "
                "to the balance.",
            ),
        ]
        | None
    ) = None
    allocation: (
        Annotated[
            Literal["oldest_due_first"],
            Meta(
                description="For the open bills of the account or customer, in the order of their due dates: each "
                "takes as much as its rules allow. What is left over goes to the balance."
            ),
        ]
        | None
    ) = None
    method: PaymentMethod | None = None
    paid_at: Time | None = None
    metadata: Metadata | None = None

    @property
    def target(self) -> tuple[Kind, str]:
        """What is paid: its kind, and its id or reference."""
        if self.bill is not None:
            return "bill", self.bill
        if self.account is not None:
            return "account", self.account
        assert self.customer is not None, "cross_check sees to it"
        return "customer", self.customer

    def cross_check(self) -> Iterator[Violation]:
        """Yields a payment for nothing or for several, and parts that do not go together."""
        named = [name for name in ("bill", "account", "customer") if getattr(self, name) is not None]
        if not named:
            yield Violation("/bill", "required", "is required, unless account or customer is given: what is paid?")
        for name in named[1:]:
            yield Violation(f"/{name}", "one_only", f"must not be given beside {named[0]}: name one of them.")
        for name in ("parts", "allocation"):
            if getattr(self, name) is not None and "bill" in named:
                yield Violation(f"/{name}", "not_of_a_bill", "spreads over bills what an account or customer pays.")
        if self.parts is None:
            return
        if self.allocation is not None:
            yield Violation("/allocation", "one_only", "must not be given beside parts.")
        seen = set()
        for number, part in enumerate(self.parts):
            if part.bill in seen:
                yield Violation(f"/parts/{number}/bill", "twice", "names a bill that is named before.")
            seen.add(part.bill)
        if (total := sum(part.amount for part in self.parts)) > self.amount:
            yield Violation("/parts", "above_amount", f"come to {total}, which is more than the amount.")


class NewReversal(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a payment is taken back."""

    reason: Annotated[ReversalReason, Meta(description="What happened to it.")]
    note: Note | None = None


class Application(Struct, frozen=True, kw_only=True):
    """What of a payment was applied to one bill or balance, `owner_id`; `amount` in minor units."""

    id: str
    owner_id: str
    amount: int


class Reversal(Struct, frozen=True, kw_only=True):
    """How a payment was taken back."""

    reason: ReversalReason
    note: str | None
    reversed_at: datetime


class Payment(Struct, frozen=True, kw_only=True):
    """A payment as stored. `amount` in minor units of `currency`; it is the sum of its applications.

    `customer_id` is whose it is; `account_id` and `bill_id` are there where it was for an account (or its bill) and
    for a bill alone. `collector_id` is the id of the collector's key that brought it; None: the merchant did.
    """

    id: str
    external_reference: str
    amount: int
    currency: str
    status: PaymentStatus
    customer_id: str
    account_id: str | None
    bill_id: str | None
    method: str | None
    paid_at: datetime
    collector_id: str | None
    applications: Sequence[Application]
    reversal: Reversal | None
    metadata: dict[str, str] | None


class PaymentSurroundings(Struct, frozen=True):
    """What was read for one request."""

    target: Obligation | None
    reference_taken: bool
    bills: Sequence[Obligation | None] = ()
    """The bills of `parts`, in order; for an allocation, the open bills in the order of their due dates."""


class MadePayment(Struct, frozen=True):
    """A payment, and what became of each thing that it was applied to."""

    payment: Payment
    paid: Sequence[Paid]


def make_payment(
    request: NewPayment, found: PaymentSurroundings, collector_id: str | None, cause: Cause
) -> MadePayment | Refusal:
    """Takes a payment. Refuses, in this order: an unsafe amount; what does not exist; what the rules refuse.

    Whether its reference is taken is asked before, in `refuse_before_rules`.
    """
    target = found.target
    assert target is not None, "refuse_before_rules sees to it"
    allotted = _allot(request, target, found.bills)
    if isinstance(allotted, Refusal):
        return allotted

    payment_id = new_id("pay_", cause.now)
    cause = structs.replace(cause, payment_id=payment_id)
    paid = [pay(allotment.owed, allotment.amount, cause) for allotment in allotted]
    of = target.of
    payment = Payment(
        id=payment_id,
        external_reference=request.external_reference,
        amount=request.amount,
        currency=request.currency,
        status="applied",
        customer_id=target.customer_id,
        account_id=getattr(of, "account_id", None) if target.kind != "account" else of.id,
        bill_id=of.id if target.kind == "bill" else None,
        method=request.method,
        paid_at=request.paid_at or cause.now,
        collector_id=collector_id,
        applications=[
            Application(id=new_id("ob_", cause.now), owner_id=allotment.owed.of.id, amount=allotment.amount)
            for allotment in allotted
        ],
        reversal=None,
        metadata=request.metadata or None,
    )
    return MadePayment(payment, paid)


def refuse_before_rules(request: NewPayment, found: PaymentSurroundings) -> Refusal | None:
    """Refuses an unsafe amount, a reference that was used (whatever else is wrong by now), and what is not there."""
    if refusal := refuse_unsafe([request.amount], "/amount"):
        return refusal
    if found.reference_taken:
        detail = f"Another payment already has the external_reference {request.external_reference!r}."
        return Refusal("external_reference_taken", detail, "/external_reference")
    kind, name = request.target
    return None if found.target else Refusal(_NOT_FOUND[kind], f"There is no {kind} {name!r}.", f"/{kind}")


def _allot(request: NewPayment, target: Obligation, bills: Sequence[Obligation | None]) -> list[Allotment] | Refusal:
    if request.parts is not None:
        return allot_parts(target, request.amount, request.currency, request.parts, bills)
    if request.allocation is not None:
        open_bills = [bill for bill in bills if bill is not None]
        return allot_oldest_first(target, request.amount, request.currency, open_bills)
    return allot_whole(target, request.amount, request.currency)


def reverse_payment(
    payment: Payment, owed: Sequence[Obligation], reversal: NewReversal, cause: Cause
) -> MadePayment | Refusal:
    """Takes a payment back, all of it; `owed` is what each of its applications went to, in order.

    Refuses `payment_reversed`, and what `take_back` refuses.
    """
    if payment.status == "reversed":
        return Refusal("payment_reversed", f"The payment {payment.external_reference!r} was reversed already.")
    cause = structs.replace(cause, payment_id=payment.id)
    undone: list[Paid] = []
    for application, one in zip(payment.applications, owed, strict=True):
        outcome = take_back(one, application.amount, payment.currency, reversal.reason, cause)
        if isinstance(outcome, Refusal):
            return outcome
        undone.append(outcome)
    done = Reversal(reason=reversal.reason, note=reversal.note, reversed_at=cause.now)
    return MadePayment(structs.replace(payment, status="reversed", reversal=done), undone)
