"""POST /billing/payments/{payment}/reverse: take a payment back that bounced, or should never have been."""

from collections.abc import Iterable

from dues.commands.command import Command, Modify, Outcome
from dues.commands.known import TenantLookup
from dues.commands.questions import Named
from dues.commands.shapes import find_current
from dues.domain.entries import Cause
from dues.domain.payments import Payment
from dues.domain.records import Record
from dues.domain.refusals import Refusal, not_found
from dues.domain.reversals import NewReversal, reverse_payment
from dues.resources.payments.create import OWED
from dues.resources.payments.store import PAYMENT
from dues.work.questions import Question
from dues.work.work import Request

Wanted = Request[Modify[NewReversal]]


def _questions(request: Wanted) -> Iterable[Question]:
    yield Named(PAYMENT, request.body.name, changes=True)


def _further(request: Wanted, lookup: TenantLookup) -> Iterable[Question]:
    """What it is applied to."""
    payment = _found(request, lookup)
    if payment is None or payment.of.status == "reversed":
        return
    for owner_id in dict.fromkeys(one.owner_id for one in payment.of.applications if one.live):
        yield owner_named(owner_id)


def owner_named(owner_id: str) -> Named:
    """Asks for what a payment was applied to, to be changed."""
    [kind] = [kind for kind in OWED.values() if owner_id.startswith(kind.prefix)]
    return Named(kind, owner_id, changes=True)


def _found(request: Wanted, lookup: TenantLookup) -> Record[Payment] | None:
    """The payment. Another's does not exist for a collector."""
    payment: Record[Payment] | None = lookup.find("payment", request.body.name)
    return None if payment is None or request.collector_id not in (None, payment.of.collector_id) else payment


def _reverse(request: Wanted, lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    payment = _found(request, lookup)
    if payment is None:
        return not_found("payment", request.body.name)
    current = find_current(PAYMENT, lookup, request.body)
    if isinstance(current, Refusal):
        return current
    owners = {one.owner_id for one in payment.of.applications if one.live and payment.of.status != "reversed"}
    undone = reverse_payment(payment, {one: lookup.record(one) for one in owners}, request.body.changes, cause)
    if isinstance(undone, Refusal):
        return undone
    return Outcome(undone[-1].after, undone)


REVERSE_PAYMENTS = Command("payments.reverse", _questions, _reverse, _further)
