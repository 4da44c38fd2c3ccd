"""Rows of bills: what is not there is made; one of other terms takes the place of one that nobody has paid on."""

import re
from collections.abc import Iterable
from typing import Any

from msgspec import UNSET, UnsetType, structs

from dues.commands.command import Command, Outcome
from dues.commands.known import TenantLookup
from dues.commands.questions import Makes, Named
from dues.domain.bill_changes import BillChanges, update_bill, void_bill
from dues.domain.bills import Bill, NewBill, make_bill
from dues.domain.customers import NewCustomer
from dues.domain.entries import Cause
from dues.domain.files.rows import NewBillRow
from dues.domain.metadata import merge_metadata
from dues.domain.money import written
from dues.domain.records import Change, Record
from dues.domain.refusals import Refusal
from dues.resources.accounts.store import ACCOUNT
from dues.resources.bills.store import BILL
from dues.resources.imports.rows.outcomes import Row, conflict, done, is_changed
from dues.resources.imports.rows.put import Put, asked_of_customer, put_customer
from dues.tenants.closed.store import CLOSED_DAYS
from dues.tenants.store import DefaultRules
from dues.work.questions import Question
from dues.work.work import Request

REPLACES = "replaces"
"""The key of the metadata that says of which bill another takes the place."""


def _name(row: Row) -> str:
    """The bill that the row is about: the one its key stands for now, if it was applied before."""
    assert isinstance(row.wanted, NewBillRow)
    return row.object_id or row.wanted.bill.external_reference


def _questions(request: Request[Row]) -> Iterable[Question]:
    row = request.body
    assert isinstance(row.wanted, NewBillRow)
    new = row.wanted.bill
    yield Named(BILL, _name(row), changes=True)
    yield DefaultRules("bill", new.currency)
    if new.bill_date is not None or new.due_date is not None:
        yield CLOSED_DAYS
    if new.customer is not None:
        yield from asked_of_customer(new.customer)
    if new.account is not None:
        assert isinstance(new.account, str), "no column makes one"
        yield Named(ACCOUNT, new.account)


def _further(request: Request[Row], lookup: TenantLookup) -> Iterable[Question]:
    row = request.body
    assert isinstance(row.wanted, NewBillRow)
    record: Record[Bill] | None = lookup.find("bill", _name(row))
    if record is not None and not row.wanted.settled and _has_other_terms(record.of, row.wanted.bill):
        yield Makes(BILL, _next_reference(record.of.external_reference))


def _has_other_terms(old: Bill, new: NewBill) -> bool:
    return (
        new.amount_due != old.amount_due
        or new.currency != old.currency
        or (new.due_date is not None and new.due_date != old.due_date)
        or (new.bill_date is not None and new.bill_date != old.bill_date)
    )


def _next_reference(reference: str) -> str:
    """`INV-1` → `INV-1/2` → `INV-1/3`."""
    found = re.fullmatch(r"(.*)/([2-9]|[1-9][0-9]{1,5})", reference)
    return f"{found[1]}/{int(found[2]) + 1}" if found else f"{reference}/2"


def _put(request: Request[Row], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    row = request.body
    assert isinstance(row.wanted, NewBillRow)
    new = row.wanted.bill
    record: Record[Bill] | None = lookup.find("bill", _name(row))
    if record is None and row.wanted.settled:
        return done("", "unchanged")
    if record is not None and record.of.status == "voided":
        detail = f"The bill {record.of.external_reference!r} was voided: no row brings it back."
        return conflict(record.of.id, "bill_voided", "external_reference", detail)
    customer = put_customer(new.customer, row, lookup, cause) if isinstance(new.customer, NewCustomer) else None
    if isinstance(customer, Refusal):
        return customer
    if record is None:
        return _make(new, customer, lookup, cause)
    if stranger := _refuse_stranger(new, customer, record.of, lookup):
        return stranger
    if row.wanted.settled:
        return _settle(record, customer, cause)
    if _has_other_terms(record.of, new):
        return _replace(record, new, customer, lookup, cause)
    return _update(record, new, customer, cause)


def _make(
    new: NewBill, customer: Put | None, lookup: TenantLookup, cause: Cause, before: Change[Bill] | None = None
) -> Outcome | Refusal:
    made_here = customer is not None and customer.change is not None and customer.change.before is None
    if customer is not None and not made_here:
        new = structs.replace(new, customer=customer.record.of.external_reference)
    made = make_bill(new, lookup, cause)
    if isinstance(made, Refusal):
        return made
    changes = [made.customer or (customer.change if customer else None), before, made.bill]
    return done(made.bill.after.of.id, "updated" if before else "created", changes, (), made.bill.after.of.customer_id)


def _refuse_stranger(new: NewBill, customer: Put | None, old: Bill, lookup: TenantLookup) -> Refusal | None:
    """A bill goes to nobody else."""
    named = customer.record.of.id if customer else None
    if isinstance(new.customer, str):
        named = lookup.find_id("customer", new.customer)
    account = lookup.find_id("account", new.account) if isinstance(new.account, str) else None
    if (new.customer is not None and named != old.customer_id) or (
        new.account is not None and account != old.account_id
    ):
        detail = f"The bill {old.external_reference!r} belongs to others than the row says."
        return Refusal("owner_mismatch", detail, "/customer" if new.customer is not None else "/account")
    return None


def _settle(record: Record[Bill], customer: Put | None, cause: Cause) -> Outcome | Refusal:
    """It was settled elsewhere: nothing remains of it, and no payment of ours says so."""
    old = record.of
    changed: Change[Bill] | Refusal | None = None
    if old.amount_remaining:
        paid = old.amount_due - old.amount_credited
        changed = update_bill(record, BillChanges(amount_paid=paid, reason="Settled elsewhere"), cause)
    if isinstance(changed, Refusal):
        return changed
    return _updated(old, changed, customer)


def _updated(old: Bill, changed: Change[Bill] | None, customer: Put | None) -> Outcome:
    changes = [customer.change if customer else None, changed]
    return done(old.id, "updated" if any(changes) else "unchanged", changes, (), old.customer_id)


def _replace(
    record: Record[Bill], new: NewBill, customer: Put | None, lookup: TenantLookup, cause: Cause
) -> Outcome | Refusal:
    """What is due of a bill does not change: another takes its place, where nobody has paid on it."""
    old = record.of
    if old.amount_paid or old.amount_applied or old.amount_credited:
        settled = written(old.amount_due - old.amount_remaining, old.currency)
        detail = f"{settled} of the bill {old.external_reference!r} is settled, so its terms stand."
        return conflict(old.id, "bill_part_paid", "amount_due", detail)
    voided = void_bill(record, cause)
    if isinstance(voided, Refusal):
        return voided
    metadata = merge_metadata(old.metadata, {**(new.metadata or {}), REPLACES: old.external_reference})
    if isinstance(metadata, Refusal):
        return metadata
    terms: dict[str, Any] = {
        "external_reference": _next_reference(old.external_reference),
        "metadata": metadata,
        "due_date": new.due_date or old.due_date,
        "payment_rules": new.payment_rules or old.payment_rules,
    }
    if new.customer is None and new.account is None:
        terms |= {"account": old.account_id} if old.account_id else {"customer": old.customer_id}
    return _make(structs.replace(new, **terms), customer, lookup, cause, voided)


def _update(record: Record[Bill], new: NewBill, customer: Put | None, cause: Cause) -> Outcome | Refusal:
    metadata: dict[str, str | None] | UnsetType = {**new.metadata} if new.metadata else UNSET
    changes = BillChanges(metadata=metadata, payment_rules=new.payment_rules or UNSET)
    changed = update_bill(record, changes, cause)
    if isinstance(changed, Refusal):
        return changed
    return _updated(record.of, changed if is_changed(changed) else None, customer)


PUT_BILLS = Command("imports.bills", _questions, _put, _further)
