"""POST /billing/customers: register a customer."""

from collections.abc import Iterable

from dues.commands.command import Command, Outcome
from dues.commands.known import TenantLookup
from dues.commands.questions import Makes
from dues.domain.customers import NewCustomer, register_customer
from dues.domain.entries import Cause
from dues.domain.refusals import Refusal
from dues.resources.customers.store import CUSTOMER
from dues.tenants.store import DefaultRules
from dues.work.questions import Question
from dues.work.work import Request


def asked_of(new: NewCustomer) -> Iterable[Question]:
    """What is to be known of a customer who is going to be registered, alone or with something else."""
    yield Makes(CUSTOMER, new.external_reference)
    if new.currency:
        yield DefaultRules("customer", new.currency)


def _questions(request: Request[NewCustomer]) -> Iterable[Question]:
    return asked_of(request.body)


def _register(request: Request[NewCustomer], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    change = register_customer(request.body, lookup, cause)
    return change if isinstance(change, Refusal) else Outcome(change.after, [change])


CREATE_CUSTOMERS = Command("customers.create", _questions, _register)
