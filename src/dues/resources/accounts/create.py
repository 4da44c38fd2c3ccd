"""POST /billing/accounts: open an account for a customer who exists or comes along."""

from collections.abc import Iterable

from dues.commands.command import Command, Outcome
from dues.commands.known import TenantLookup
from dues.commands.questions import Exists, Makes
from dues.domain.accounts import NewAccount, open_account
from dues.domain.customers import NewCustomer
from dues.domain.entries import Cause
from dues.domain.refusals import Refusal
from dues.resources.accounts.store import ACCOUNT
from dues.resources.customers import create as customers
from dues.resources.customers.store import CUSTOMER
from dues.tenants.store import DefaultRules
from dues.work.questions import Question
from dues.work.work import Request


def asked_of(new: NewAccount) -> Iterable[Question]:
    """What is to be known of an account that is going to be opened, alone or with something else."""
    yield Makes(ACCOUNT, new.external_reference)
    if isinstance(new.customer, NewCustomer):
        yield from customers.asked_of(new.customer)
    else:
        yield Exists(CUSTOMER, new.customer)
    if new.currency:
        yield DefaultRules("account", new.currency)


def _questions(request: Request[NewAccount]) -> Iterable[Question]:
    return asked_of(request.body)


def _open(request: Request[NewAccount], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    opened = open_account(request.body, lookup, cause)
    if isinstance(opened, Refusal):
        return opened
    return Outcome(opened.account.after, [change for change in (opened.customer, opened.account) if change])


CREATE_ACCOUNTS = Command("accounts.create", _questions, _open)
