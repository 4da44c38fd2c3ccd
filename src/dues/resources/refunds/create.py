"""POST /billing/payments/{payment}/refunds: money of a payment went out again."""

from collections.abc import Iterable

from dues.commands.command import Command, Modify, Outcome
from dues.commands.known import TenantLookup
from dues.commands.questions import Makes, Named
from dues.commands.shapes import find_current
from dues.domain.entries import Cause
from dues.domain.refunds import NewRefund, refund_payment
from dues.domain.refusals import Refusal
from dues.resources.payments.store import PAYMENT
from dues.resources.refunds.store import REFUND
from dues.work.questions import Question
from dues.work.work import Request

Wanted = Request[Modify[NewRefund]]


def _questions(request: Wanted) -> Iterable[Question]:
    yield Named(PAYMENT, request.body.name, changes=True)
    yield Makes(REFUND, request.body.changes.external_reference)


def _refund(request: Wanted, lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    payment = find_current(PAYMENT, lookup, request.body)
    if isinstance(payment, Refusal):
        return payment
    refunded = refund_payment(payment, request.body.changes, lookup, cause)
    if isinstance(refunded, Refusal):
        return refunded
    return Outcome(refunded.refund.after, [refunded.refund, refunded.payment])


REFUND_PAYMENTS = Command("payments.refund", _questions, _refund)
