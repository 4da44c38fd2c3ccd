"""Rows of customers and accounts: what is not there is made, what is there becomes as the row says.

An empty cell clears nothing, and metadata is merged.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from msgspec import structs

from dues.commands.command import Command, Outcome
from dues.commands.kind import Kind
from dues.commands.known import TenantLookup
from dues.commands.ledger import PaidOf, find_paid
from dues.commands.questions import Named
from dues.domain.accounts import AccountChanges, NewAccount, open_account
from dues.domain.customers import Customer, CustomerChanges, NewCustomer, register_customer
from dues.domain.entries import Cause
from dues.domain.files.verdicts import Fault, Verdict
from dues.domain.money import written
from dues.domain.owners import overwritten, update_owner
from dues.domain.records import Change, Record
from dues.domain.refusals import Refusal
from dues.resources.accounts.store import ACCOUNT
from dues.resources.customers.store import CUSTOMER
from dues.resources.imports.rows.outcomes import Row, done, is_changed
from dues.tenants.closed.store import CLOSED_DAYS
from dues.tenants.store import DefaultRules
from dues.work.questions import Question
from dues.work.work import Request

Changes = TypeVar("Changes", CustomerChanges, AccountChanges)


class Put(NamedTuple):
    """What becomes of one object, and what is to be said of that."""

    record: Record[Any]
    change: Change[Any] | None
    warnings: Sequence[Fault] = ()

    @property
    def verdict(self) -> Verdict:
        """Of its row."""
        if self.change is None:
            return "unchanged"
        return "created" if self.change.before is None else "updated"


def asked_of_customer(customer: NewCustomer | str) -> Iterable[Question]:
    """What is to be known of the customer of a row, who is there or comes along."""
    if isinstance(customer, str):
        yield Named(CUSTOMER, customer)
        return
    yield Named(CUSTOMER, customer.external_reference, changes=True)
    if customer.currency:
        yield DefaultRules("customer", customer.currency)


def put_customer(new: NewCustomer, row: Row, lookup: TenantLookup, cause: Cause) -> Put | Refusal:
    """The customer as the row says."""
    record: Record[Customer] | None = lookup.find("customer", new.external_reference)
    if record is None:
        made = register_customer(new, lookup, cause)
        return made if isinstance(made, Refusal) else Put(made.after, made)
    return _put(CUSTOMER, record, _changes(new, CustomerChanges), row, lookup, cause)


def _changes(new: Any, shape: type[Changes]) -> Changes:
    """What a row has, as a PATCH."""
    sent = {name: value for name, value in structs.asdict(new).items() if value is not None}
    return shape(**{name: sent[name] for name in shape.__struct_fields__ if name in sent})


def _put(
    kind: Kind[Any], record: Record[Any], changes: Any, row: Row, lookup: TenantLookup, cause: Cause
) -> Put | Refusal:
    paid = None
    if _overwrites(record, changes.balance):
        paid = find_paid(lookup, PaidOf(kind, record.of.external_reference, row.as_of), record.of.id)
        if row.as_of is not None:
            changes = structs.replace(changes, balance_as_of=row.as_of)
    rules = lookup.find_rules(kind.noun, changes.currency) if isinstance(changes.currency, str) else None
    change = update_owner(record, changes, rules, cause, paid)
    if isinstance(change, Refusal):
        return change
    if not is_changed(change):
        return Put(record, None)
    lost = overwritten(change, paid) if paid and row.as_of is None else None
    if lost is None:
        return Put(change.after, change)
    currency, amount = lost
    detail = f"{written(amount, currency)} of younger payments was overwritten by the new balance."
    return Put(change.after, change, [Fault("overwrote_payments", "balance", detail)])


def _overwrites(record: Record[Any], balance: object) -> bool:
    return isinstance(balance, int) and record.of.balance is not None


def asked_of_payments(kind: Kind[Any], new: Any, row: Row, lookup: TenantLookup) -> Iterable[Question]:
    """What was paid since, where a balance that is there is going to be another."""
    record = lookup.find(kind.noun, new.external_reference)
    if record is not None and _overwrites(record, new.balance):
        yield PaidOf(kind, new.external_reference, row.as_of)


# Customers --------------------------------------------------------------------------------------------------------


def _customer_questions(request: Request[Row]) -> Iterable[Question]:
    assert isinstance(request.body.wanted, NewCustomer)
    yield from asked_of_customer(request.body.wanted)
    if request.body.as_of is not None:
        yield CLOSED_DAYS


def _customer_further(request: Request[Row], lookup: TenantLookup) -> Iterable[Question]:
    yield from asked_of_payments(CUSTOMER, request.body.wanted, request.body, lookup)


def _put_customer(request: Request[Row], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    row = request.body
    assert isinstance(row.wanted, NewCustomer)
    put = put_customer(row.wanted, row, lookup, cause)
    if isinstance(put, Refusal):
        return put
    customer_id = put.record.of.id
    return done(customer_id, put.verdict, [put.change], put.warnings, customer_id, row.as_of)


PUT_CUSTOMERS = Command("imports.customers", _customer_questions, _put_customer, _customer_further)


# Accounts ---------------------------------------------------------------------------------------------------------


def _account_questions(request: Request[Row]) -> Iterable[Question]:
    new = request.body.wanted
    assert isinstance(new, NewAccount)
    yield Named(ACCOUNT, new.external_reference, changes=True)
    yield from asked_of_customer(new.customer)
    if new.currency:
        yield DefaultRules("account", new.currency)
    if request.body.as_of is not None:
        yield CLOSED_DAYS


def _account_further(request: Request[Row], lookup: TenantLookup) -> Iterable[Question]:
    yield from asked_of_payments(ACCOUNT, request.body.wanted, request.body, lookup)


def _put_account(request: Request[Row], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    row = request.body
    new = row.wanted
    assert isinstance(new, NewAccount)
    customer = put_customer(new.customer, row, lookup, cause) if isinstance(new.customer, NewCustomer) else None
    if isinstance(customer, Refusal):
        return customer
    record = lookup.find("account", new.external_reference)
    if record is None:
        return _open(new, customer, row, lookup, cause)
    customer_id = customer.record.of.id if customer else lookup.find_id("customer", str(new.customer))
    if customer_id != record.of.customer_id:
        detail = f"The account {new.external_reference!r} belongs to another customer than the row says."
        return Refusal("owner_mismatch", detail, "/customer")
    put = _put(ACCOUNT, record, _changes(new, AccountChanges), row, lookup, cause)
    if isinstance(put, Refusal):
        return put
    changes = [customer.change if customer else None, put.change]
    verdict: Verdict = "updated" if any(changes) else "unchanged"
    return done(record.of.id, verdict, changes, put.warnings, customer_id, row.as_of)


def _open(new: NewAccount, customer: Put | None, row: Row, lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    """The account is new. Who comes along is looked at before: here they have an id, or are made beside it."""
    made = customer.change if customer and customer.change and customer.change.before is None else None
    if customer is not None and made is None:
        new = structs.replace(new, customer=customer.record.of.external_reference)
    opened = open_account(new, lookup, cause)
    if isinstance(opened, Refusal):
        return opened
    account = opened.account
    changes = [opened.customer or (customer.change if customer else None), account]
    return done(account.after.of.id, "created", changes, (), account.after.of.customer_id, row.as_of)


PUT_ACCOUNTS = Command("imports.accounts", _account_questions, _put_account, _account_further)
