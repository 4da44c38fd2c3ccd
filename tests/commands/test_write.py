"""What a decision may not leave out: where two processes are at one object, only numbers tell."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from msgspec import structs

from dues.commands.command import Outcome
from dues.commands.kind import Kind
from dues.commands.known import Known
from dues.commands.write import Draft
from dues.domain.adjustments import NewAdjustment
from dues.domain.customers import Customer
from dues.domain.entries import Cause, Head
from dues.domain.owners import adjust_owner
from dues.domain.records import Change, Record, changed
from dues.domain.tenants import Tenant
from dues.resources.customers.store import CUSTOMER
from dues.resources.customers.wire import customer_body
from dues.work.work import Request, Work

NOW = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)

SILENT = Kind(
    Customer,
    noun="customer",
    prefix="bcus_",
    table="customers",
    saved=("name",),
    show=customer_body,
    event_types=lambda change: (),
)
"""Customers of whose changes nothing is told."""

BEFORE = Record(Customer(id="bcus_1", external_reference="c", currency="ZAR", balance=5), head=Head(1), events=1)


def draft(kind: Kind[Customer], *changes: Change[Any]) -> Draft:
    """The draft of a request that decides so."""
    known, work = Known({Customer: kind}), Work(cast("Any", None), NOW)
    return Draft(work, known, Request(Tenant(1, 1), "req_1", None), Outcome(BEFORE, changes))


def renamed() -> Change[Customer]:
    """A change that writes no entry."""
    return changed(BEFORE, structs.replace(BEFORE.of, name="Jane"))


def test_a_change_has_an_event() -> None:
    draft(CUSTOMER, renamed())
    with pytest.raises(AssertionError, match="only its event's number tells of a rival"):
        draft(SILENT, renamed())


def test_what_stays_as_it_is_has_neither_event_nor_entry() -> None:
    assert draft(SILENT, Change(BEFORE, BEFORE)).shown.id == "bcus_1"
    new = NewAdjustment(amount=5, reason="Fee")
    adjusted = adjust_owner(BEFORE, new, None, Cause(1, "req_1", None, NOW))
    assert isinstance(adjusted, Change)
    with pytest.raises(AssertionError, match="who writes to the ledger"):
        draft(CUSTOMER, Change(BEFORE, BEFORE, adjusted.entries))
