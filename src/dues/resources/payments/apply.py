"""POST /billing/payments/{payment}/applications and …/unapply: money that is held is applied, or is held again.

Together they move a payment that went to the wrong place.
"""

from collections.abc import Iterable

from dues.commands.command import Command, ExtraEvent, Modify, Outcome
from dues.commands.known import TenantLookup
from dues.commands.questions import Named
from dues.commands.shapes import find_current
from dues.domain.applications import (
    Moved,
    NewApplications,
    Unapply,
    apply_oldest_first,
    apply_parts,
    unapply,
)
from dues.domain.entries import Cause
from dues.domain.payments import Payment
from dues.domain.records import Record
from dues.domain.refusals import Refusal, not_found
from dues.resources.bills.store import OpenBills, find_open_bills
from dues.resources.payments.create import OWED, applied
from dues.resources.payments.store import PAYMENT
from dues.work.group_commit import Later
from dues.work.questions import Question
from dues.work.work import Request

Applying = Request[Modify[NewApplications]]

Unapplying = Request[Modify[Unapply]]


def _questions(request: Applying) -> Iterable[Question]:
    yield Named(PAYMENT, request.body.name, changes=True)
    for part in request.body.changes.parts or ():
        assert part.named
        noun, name = part.named
        yield Named(OWED[noun], name, changes=True)


def _further(request: Applying, lookup: TenantLookup) -> Iterable[Question]:
    """Whose open bills it is to be spread over."""
    payment: Record[Payment] | None = lookup.find("payment", request.body.name)
    if payment and request.body.changes.allocation:
        bills = _open_bills(payment.of, request.body.changes)
        yield Named(OWED[bills.noun], bills.name)
        yield bills


def _open_bills(payment: Payment, wanted: NewApplications) -> OpenBills:
    """Of the account or customer that is named; else of whom the payment is for."""
    if wanted.account or (payment.account_id and not wanted.customer):
        return OpenBills("account", wanted.account or payment.account_id or "", payment.currency)
    return OpenBills("customer", wanted.customer or payment.customer_id, payment.currency)


def _apply(request: Applying, lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    payment = find_current(PAYMENT, lookup, request.body)
    if isinstance(payment, Refusal):
        return payment
    wanted = request.body.changes
    if wanted.parts is not None:
        named = [part.named for part in wanted.parts if part.named]
        moved = apply_parts(payment, wanted.parts, [lookup.find(*one) for one in named], cause)
    else:
        bills = _open_bills(payment.of, wanted)
        if not lookup.knows(bills):
            # The payment was made by those before in the group, so nobody knew whose bills were to be read.
            raise Later
        if lookup.find_id(bills.noun, bills.name) is None:
            return not_found(bills.noun, bills.name, f"/{bills.noun}")
        moved = apply_oldest_first(payment, find_open_bills(lookup, bills), cause)
    return moved if isinstance(moved, Refusal) else _told(moved, cause)


def _told(moved: Moved, cause: Cause) -> Outcome:
    payment = moved.payment.after.of
    events: list[ExtraEvent] = [applied(payment, one, cause) for one in moved.applications]
    return Outcome(moved.payment.after, [*moved.owed, moved.payment, *events])


def _unapply_questions(request: Unapplying) -> Iterable[Question]:
    yield Named(PAYMENT, request.body.name, changes=True)
    assert request.body.changes.named
    noun, name = request.body.changes.named
    yield Named(OWED[noun], name, changes=True)


def _unapply(request: Unapplying, lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    payment = find_current(PAYMENT, lookup, request.body)
    if isinstance(payment, Refusal):
        return payment
    wanted = request.body.changes
    assert wanted.named
    moved = unapply(payment, wanted, lookup.find(*wanted.named), cause)
    return moved if isinstance(moved, Refusal) else _told(moved, cause)


def _cost(request: Applying) -> int:
    """Each bill that it may go over weighs as much as a small payment."""
    wanted = request.body.changes
    return 1 + len(wanted.parts or ()) + (20 if wanted.allocation else 0)


APPLY_PAYMENTS = Command("payments.apply", _questions, _apply, _further, _cost)
UNAPPLY_PAYMENTS = Command("payments.unapply", _unapply_questions, _unapply)
