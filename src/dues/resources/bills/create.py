"""POST /billing/bills: make a bill for a customer or an account that exists or comes along."""

from collections.abc import Iterable

from dues.commands.command import Command, Outcome
from dues.commands.known import TenantLookup
from dues.commands.questions import Makes, Named
from dues.domain.accounts import NewAccount
from dues.domain.bills import NewBill, make_bill
from dues.domain.customers import NewCustomer
from dues.domain.entries import Cause
from dues.domain.refusals import Refusal
from dues.resources.accounts import create as accounts
from dues.resources.accounts.store import ACCOUNT
from dues.resources.bills.store import BILL
from dues.resources.customers import create as customers
from dues.resources.customers.store import CUSTOMER
from dues.tenants.closed.store import CLOSED_DAYS
from dues.tenants.store import DefaultRules
from dues.work.questions import Question
from dues.work.work import Request


def _questions(request: Request[NewBill]) -> Iterable[Question]:
    new = request.body
    yield Makes(BILL, new.external_reference)
    yield DefaultRules("bill", new.currency)
    if new.bill_date is not None or new.due_date is not None:  # one that is due earlier is of that day
        yield CLOSED_DAYS
    if isinstance(new.customer, NewCustomer):
        yield from customers.asked_of(new.customer)
    elif new.customer is not None:
        yield Named(CUSTOMER, new.customer)
    if isinstance(new.account, NewAccount):
        yield from accounts.asked_of(new.account)
    elif new.account is not None:
        yield Named(ACCOUNT, new.account)


def _make(request: Request[NewBill], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    made = make_bill(request.body, lookup, cause)
    if isinstance(made, Refusal):
        return made
    return Outcome(made.bill.after, [change for change in (made.customer, made.account, made.bill) if change])


CREATE_BILLS = Command("bills.create", _questions, _make)
