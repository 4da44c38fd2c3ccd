"""POST /billing/payments: take payments of bills, accounts and customers, each under the rules of what it is for."""

from collections.abc import Iterable, Sequence
from functools import partial

from dues.domain.etags import refuse_stale
from dues.domain.new_payments import NewPayment
from dues.domain.payments import MadePayment, PaymentSurroundings, make_payment, refuse_before_rules
from dues.domain.refusals import Refusal
from dues.events.store import insert_event
from dues.resources.changes import Conditional, Shown
from dues.resources.payables import payable_json
from dues.resources.payments import store
from dues.resources.payments.paid import write_paid
from dues.resources.payments.surroundings import find_surroundings
from dues.resources.payments.wire import amount_applied_json, payment_json
from dues.work.work import Claim, Command, Request, Work

Wanted = Request[Conditional[NewPayment]]


async def create_payments(work: Work, requests: Sequence[Wanted]) -> list[Shown | Refusal]:
    """One answer per request: the payment and what it was applied to, or why it was not taken."""
    found = await find_surroundings(work, requests, hold=True)

    decided = [decide(work, request, around) for request, around in zip(requests, found, strict=True)]

    return [
        outcome if isinstance(outcome, Refusal) else _write(work, request.tenant_id, outcome)
        for request, outcome in zip(requests, decided, strict=True)
    ]


def decide(work: Work, request: Wanted, found: PaymentSurroundings) -> MadePayment | Refusal:
    """The payment that would be taken, or why it would not."""
    wanted = request.body
    if refusal := refuse_before_rules(wanted.new, found):
        return refusal
    assert found.target, "refused otherwise"
    if stale := refuse_stale(wanted.if_match, partial(payable_json, found.target)):
        return stale
    return make_payment(wanted.new, found, request.collector_id, work.cause(request))


def _write(work: Work, tenant_id: int, made: MadePayment) -> Shown:
    payment = made.payment
    shown = Shown(payment.id, payment_json(payment))
    store.insert_payment(work, tenant_id, payment)
    for application, paid in zip(payment.applications, made.paid, strict=True):
        applied = amount_applied_json(payment, application, work.now_of(tenant_id))
        insert_event(work, tenant_id, "obligation.amount_applied", payment.id, applied)
        write_paid(work, tenant_id, paid)
    return shown


def _claims(request: Wanted) -> Iterable[Claim]:
    new, tenant_id = request.body.new, request.tenant_id
    kind, name = new.target
    yield "payment", tenant_id, new.external_reference
    yield kind, tenant_id, name
    for part in new.parts or ():
        yield "bill", tenant_id, part.bill


CREATE_PAYMENTS = Command("payments.create", create_payments, _claims)
