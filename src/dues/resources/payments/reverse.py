"""POST /billing/payments/{payment}/reverse: take a payment back that bounced, or should never have been."""

from collections.abc import Iterable, Sequence

from dues.commands.command import Command, Modify, Outcome
from dues.commands.known import TenantLookup
from dues.commands.questions import Named
from dues.commands.shapes import find_current
from dues.domain.entries import Cause
from dues.domain.payments import Application, Payment
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
    """What it was applied to."""
    payment = _found(request, lookup)
    for application in _undone(payment) if payment else ():
        [kind] = [kind for kind in OWED.values() if application.owner_id.startswith(kind.prefix)]
        yield Named(kind, application.owner_id, changes=True)


def _found(request: Wanted, lookup: TenantLookup) -> Record[Payment] | None:
    """The payment. Another's does not exist for a collector."""
    payment: Record[Payment] | None = lookup.find("payment", request.body.name)
    return None if payment is None or request.collector_id not in (None, payment.of.collector_id) else payment


def _undone(payment: Record[Payment]) -> Sequence[Application]:
    """What is undone of it; nothing, where it was reversed already."""
    return () if payment.of.status == "reversed" else payment.of.applications


def _reverse(request: Wanted, lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    payment = _found(request, lookup)
    if payment is None:
        return not_found("payment", request.body.name)
    current = find_current(PAYMENT, lookup, request.body)
    if isinstance(current, Refusal):
        return current
    owed = [lookup.record(application.owner_id) for application in _undone(payment)]
    undone = reverse_payment(payment, owed, request.body.changes, cause)
    if isinstance(undone, Refusal):
        return undone
    return Outcome(undone.payment.after, [*undone.paid, undone.payment])


REVERSE_PAYMENTS = Command("payments.reverse", _questions, _reverse, _further)
