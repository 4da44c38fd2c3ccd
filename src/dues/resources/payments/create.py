"""POST /billing/payments: take a payment of a bill, an account or a customer, under the rules of what it is for."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from dues.commands.command import Command, Conditional, ExtraEvent, Outcome, to_shown_json
from dues.commands.kind import Kind
from dues.commands.known import TenantLookup
from dues.commands.questions import Makes, Named
from dues.domain.balances import refuse_unknown
from dues.domain.entries import Cause
from dues.domain.etags import names_a_version, refuse_stale
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Owed
from dues.domain.payments import Application, MadePayment, Payment, find_represented, find_target, make_payment
from dues.domain.records import Change
from dues.domain.refusals import Refusal
from dues.resources.accounts.store import ACCOUNT
from dues.resources.bills.store import BILL, OpenBills, find_open_bills
from dues.resources.customers.store import CUSTOMER
from dues.resources.payables.read import open_bills_asked_of, open_bills_of, payable_json
from dues.resources.payments.store import PAYMENT
from dues.resources.payments.wire import amount_applied_body
from dues.tenants.closed.store import CLOSED_DAYS
from dues.work.questions import Question
from dues.work.work import Request

Wanted = Request[Conditional[NewPayment]]

OWED: Final[dict[str, Kind[Any]]] = {"customer": CUSTOMER, "account": ACCOUNT, "bill": BILL}
"""What can be paid, by its noun."""


def questions(request: Wanted) -> Iterable[Question]:
    """What it is for, the bills that it may be spread over, and whether its reference is taken."""
    new = request.body.new
    noun, name = new.target
    yield Makes(PAYMENT, new.external_reference)
    yield Named(OWED[noun], name, changes=True)
    if names_a_version(request.body.if_match):
        yield from open_bills_asked_of(noun, name)
    for part in new.parts or ():
        yield Named(BILL, part.bill, changes=True)
    if new.represents is not None:
        yield Named(PAYMENT, new.represents, changes=True)
    if new.allocation is not None:
        yield OpenBills(noun, name, new.currency)
    if new.paid_at is not None:
        yield CLOSED_DAYS


def decide(request: Wanted, lookup: TenantLookup, cause: Cause) -> MadePayment | Refusal:
    """The payment that would be taken, or why it would not."""
    wanted = request.body
    target = find_target(wanted.new, lookup, request.collector_id)
    if isinstance(target, Refusal):
        return _told(request, target, lookup)
    if stale := _refuse_stale(wanted, target, lookup):
        return stale
    bills = _bills(wanted.new, lookup)
    own = [owed.of.currency for owed in (target, *bills) if owed is not None]
    if unknown := refuse_unknown(wanted.new.currency, own):
        return unknown
    again = find_represented(wanted.new, lookup, request.collector_id)
    assert not isinstance(again, Refusal), "the target was found after it"
    return make_payment(wanted.new, target, bills, again, request.collector_id, cause)


def _refuse_stale(wanted: Conditional[NewPayment], target: Owed, lookup: TenantLookup) -> Refusal | None:
    """Refuses where what is payable is not what the client saw."""
    if not names_a_version(wanted.if_match):
        return None
    open_bills = open_bills_of(*wanted.new.target, lookup)
    if isinstance(open_bills, Refusal):
        return open_bills
    return refuse_stale(wanted.if_match, partial(payable_json, target, open_bills))


def _told(request: Wanted, refusal: Refusal, lookup: TenantLookup) -> Refusal:
    """Why it is refused, as far as that is the caller's business: a collector learns nothing of another's payment."""
    if refusal.existing is None or request.collector_id is None:
        return refusal
    taken = lookup.find_taken("payment", request.body.new.external_reference)
    is_its_own = taken is not None and taken.record.of.collector_id == request.collector_id
    return refusal if is_its_own else replace(refusal, existing=None, differs=None)


def _bills(new: NewPayment, lookup: TenantLookup) -> Sequence[Owed | None]:
    if new.allocation is not None:
        return find_open_bills(lookup, OpenBills(*new.target, new.currency))
    return [lookup.find("bill", part.bill) for part in new.parts or ()]


def take(request: Wanted, lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    """Takes the payment: it, and what becomes of all that it goes to."""
    made = decide(request, lookup, cause)
    if isinstance(made, Refusal):
        return made
    payment = made.payment.after.of
    changes: list[Change[Any] | ExtraEvent] = [made.represented] if made.represented else []
    changes.append(made.payment)
    for application, paid in zip(payment.applications, made.paid, strict=True):
        changes += [applied(payment, application, cause), paid]
    return Outcome(made.payment.after, changes)


def applied(payment: Payment, application: Application, cause: Cause) -> ExtraEvent:
    """What is told of each application of a payment."""
    data = to_shown_json(amount_applied_body(payment, application, cause.now))
    return ExtraEvent(payment.id, "obligation.amount_applied", data)


def cost(request: Wanted) -> int:
    """Each bill that it may go over weighs as much as a small payment."""
    new = request.body.new
    return 1 + len(new.parts or ()) + (20 if new.allocation else 0)


CREATE_PAYMENTS = Command("payments.create", questions, take, cost=cost)
