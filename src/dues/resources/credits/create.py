"""POST /billing/bills/{bill}/credits: lower a bill with a reason; and …/credits/{credit}/reverse: take that back."""

from collections.abc import Iterable
from typing import Any

from dues.commands.command import Command, ExtraEvent, Modify, Outcome, to_shown_json
from dues.commands.known import TenantLookup
from dues.commands.questions import Makes, Named
from dues.commands.shapes import find_current
from dues.domain.bills import Bill
from dues.domain.credits import Credit, Credited, NewCredit, NewCreditReversal, credit_bill, reverse_credit
from dues.domain.entries import Cause
from dues.domain.records import Change, Record
from dues.domain.refusals import Refusal, not_found
from dues.events.catalogue import EventType
from dues.resources.bills.store import BILL
from dues.resources.credits.store import CREDIT, PaymentsOn, find_payments_on
from dues.resources.credits.wire import credit_body
from dues.work.questions import Question
from dues.work.work import Request

Crediting = Request[Modify[NewCredit]]

Reversing = Request[Modify[NewCreditReversal]]


def _questions(request: Crediting) -> Iterable[Question]:
    yield Named(BILL, request.body.name, changes=True)
    if reference := request.body.changes.external_reference:
        yield Makes(CREDIT, reference)


def _further(request: Crediting, lookup: TenantLookup) -> Iterable[Question]:
    """Who brought what may be too much then, after those before it in the group too."""
    bill: Record[Bill] | None = lookup.find("bill", request.body.name)
    if bill and bill.of.status != "voided":
        yield PaymentsOn(bill.of.id)


def _credit(request: Crediting, lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    bill = find_current(BILL, lookup, request.body)
    if isinstance(bill, Refusal):
        return bill
    on_bill = find_payments_on(lookup, bill.of.id)
    credited = credit_bill(bill, request.body.changes, on_bill, lookup, cause)
    return credited if isinstance(credited, Refusal) else _told(credited, "bill.credited")


def _told(credited: Credited, event_type: EventType) -> Outcome:
    credit = credited.credit.after
    told = ExtraEvent(credit.of.bill_id, event_type, to_shown_json(credit_body(credit.of)))
    changes: list[Change[Any] | ExtraEvent] = [credited.credit, credited.bill, told, *credited.payments]
    return Outcome(credit, changes)


def _reverse_questions(request: Reversing) -> Iterable[Question]:
    yield Named(BILL, request.body.name, changes=True)
    yield Named(CREDIT, request.body.below, changes=True)


def _reverse(request: Reversing, lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    bill = find_current(BILL, lookup, request.body)
    if isinstance(bill, Refusal):
        return bill
    credit: Record[Credit] | None = lookup.find("credit", request.body.below)
    if credit is None or credit.of.bill_id != bill.of.id:
        return not_found("credit", request.body.below)
    reversed_ = reverse_credit(bill, credit, request.body.changes, cause)
    return reversed_ if isinstance(reversed_, Refusal) else _told(reversed_, "bill.credit_reversed")


CREDIT_BILLS = Command("bills.credit", _questions, _credit, _further)
REVERSE_CREDITS = Command("bills.reverse_credit", _reverse_questions, _reverse)
