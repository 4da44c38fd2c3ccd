"""POST /billing/payments/{payment}/reverse: take payments back that bounced, or should never have been."""

from collections.abc import Iterable, Sequence
from functools import partial

from dues.domain.etags import refuse_stale
from dues.domain.obligations import Obligation
from dues.domain.payments import MadePayment, Payment
from dues.domain.refusals import Refusal
from dues.domain.reversals import NewReversal, reverse_payment
from dues.events.store import insert_event
from dues.resources.changes import Change, Shown, claims_object
from dues.resources.payments import store
from dues.resources.payments.paid import write_paid
from dues.resources.payments.surroundings import lock_obligations
from dues.resources.payments.wire import payment_json
from dues.work.work import Claim, Command, Request, Work

Wanted = Request[Change[NewReversal]]


async def reverse_payments(work: Work, requests: Sequence[Wanted]) -> list[Shown | Refusal]:
    """One answer per request: the reversed payment, or why it stands."""
    named = await store.find_payments(work, [(request.tenant_id, request.body.name) for request in requests])
    applied = [
        [(request.tenant_id, one.owner_id) for one in payment.applications] if payment else []
        for request, payment in zip(requests, named, strict=True)
    ]
    owed = await lock_obligations(work, applied)
    # Last, and read again: whoever waited for an owner may find that somebody else reversed it meanwhile.
    keys = [(request.tenant_id, payment.id) for request, payment in zip(requests, named, strict=True) if payment]
    held = await store.lock_payments(work, keys)
    found = [
        held[request.tenant_id, payment.id] if payment else None
        for request, payment in zip(requests, named, strict=True)
    ]

    decided = [_decide(work, *each) for each in zip(requests, found, owed, strict=True)]

    return [
        outcome if isinstance(outcome, Refusal) else _write(work, request.tenant_id, outcome)
        for request, outcome in zip(requests, decided, strict=True)
    ]


def _decide(work: Work, request: Wanted, payment: Payment | None, owed: Sequence[Obligation]) -> MadePayment | Refusal:
    # Another's payment does not exist for a collector.
    if payment is None or request.collector_id not in (None, payment.collector_id):
        return Refusal("payment_not_found", f"There is no payment {request.body.name!r}.")
    if stale := refuse_stale(request.body.if_match, partial(payment_json, payment)):
        return stale
    return reverse_payment(payment, owed, request.body.changes, work.cause(request))


def _write(work: Work, tenant_id: int, undone: MadePayment) -> Shown:
    payment = undone.payment
    assert payment.reversal
    shown = Shown(payment.id, payment_json(payment))
    store.save_reversal(work, tenant_id, payment.id, payment.reversal)
    for paid in undone.paid:
        write_paid(work, tenant_id, paid)
    insert_event(work, tenant_id, "payment.reversed", payment.id, shown.json)
    return shown


def _claims(request: Wanted) -> Iterable[Claim]:
    return claims_object("payment", request)


REVERSE_PAYMENTS = Command("payments.reverse", reverse_payments, _claims)
