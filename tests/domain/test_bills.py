"""The rules for making, paying and voiding a bill, without a database."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.accounts import NewAccount, Surroundings
from dues.domain.bills import (
    Bill,
    BillChanges,
    BillSurroundings,
    MadeBill,
    NewBill,
    Owner,
    make_bill,
    update_bill,
    void_bill,
)
from dues.domain.customers import NewCustomer
from dues.domain.entries import Cause, Entry, Head
from dues.domain.money import AMOUNT_MAX
from dues.domain.payment_rules import PaymentRules
from dues.domain.refusals import Refusal

NOW = Cause(1, "req_1", "key", datetime(2026, 1, 5, 23, 30, tzinfo=UTC))
STRICT = PaymentRules(1, 1000, underpayment_allowed=True, overpayment_allowed=False)
LOOSE = PaymentRules(1, 1000, underpayment_allowed=True, overpayment_allowed=True)

JANE = Owner("bcus_jane", None)
JOHN = Owner("bcus_john", "USD")
FIBRE = Owner("bcus_jane", "ZAR", "bacc_fibre")
NOTHING = Surroundings(None, account_reference_taken=False)


def asked(**changes: Any) -> NewBill:
    """A request for a bill of ZAR 15.00 for Jane, but for `changes`."""
    body: dict[str, Any] = {"external_reference": "INV", "currency": "ZAR", "amount_due": 1500, "customer": "JANE"}
    return NewBill(**(body | changes))


def found(
    customer: Owner | None = JANE,
    account: Owner | None = None,
    new_account: Surroundings = NOTHING,
    reference_taken: bool = False,
) -> BillSurroundings:
    """What was read for the request."""
    return BillSurroundings(customer, account, new_account, reference_taken)


def bill(**changes: Any) -> Bill:
    """An unpaid bill of ZAR 15.00, but for `changes`."""
    fields: dict[str, Any] = {
        "id": "bill_1",
        "external_reference": "INV",
        "customer_id": "bcus_jane",
        "account_id": None,
        "currency": "ZAR",
        "amount_due": 1500,
        "amount_paid": 0,
        "status": "unpaid",
        "bill_date": date(2026, 1, 5),
        "due_date": None,
        "payment_rules": None,
        "metadata": None,
    }
    return Bill(**(fields | changes))


newcomer = NewCustomer(external_reference="NEW")
new_account = NewAccount(customer="JANE", external_reference="ACC")
for_newcomer = NewAccount(customer=newcomer, external_reference="ACC")
taken = Surroundings("bcus_jane", account_reference_taken=True)
rich = NewAccount(customer="JANE", external_reference="ACC", currency="ZAR", balance=AMOUNT_MAX + 1)


@pytest.mark.parametrize(
    ("request_", "around", "code", "pointer"),
    [
        (asked(amount_due=AMOUNT_MAX + 1), found(None), "amount_out_of_range", "/amount_due"),
        (asked(due_date=date(2026, 1, 4)), found(None), "validation_failed", "/due_date"),
        (asked(), found(None), "customer_not_found", "/customer"),
        (asked(customer=newcomer), found(JANE), "external_reference_taken", "/customer/external_reference"),
        (asked(customer=None, account="X"), found(None), "account_not_found", "/account"),
        (asked(account="X"), found(JANE), "account_not_found", "/account"),
        (asked(account="FIBRE"), found(None, FIBRE), "customer_not_found", "/customer"),
        (asked(account="FIBRE"), found(JOHN, FIBRE), "owner_mismatch", "/customer"),
        (asked(customer=newcomer, account="FIBRE"), found(None, FIBRE), "owner_mismatch", "/customer"),
        (asked(account=for_newcomer), found(JANE), "owner_mismatch", "/customer"),
        (asked(customer=None, account=new_account), found(None), "customer_not_found", "/account/customer"),
        (
            asked(customer=None, account=new_account),
            found(new_account=taken),
            "external_reference_taken",
            "/account/external_reference",
        ),
        (
            asked(customer=None, account=for_newcomer),
            found(new_account=taken),
            "external_reference_taken",
            "/account/customer/external_reference",
        ),
        (asked(customer=None, account=rich), found(), "amount_out_of_range", "/account/balance"),
        (asked(), found(JOHN), "currency_mismatch", "/currency"),
        (asked(account="FIBRE", currency="USD"), found(JANE, FIBRE), "currency_mismatch", "/currency"),
        (asked(), found(reference_taken=True), "external_reference_taken", "/external_reference"),
    ],
)
def test_a_bill_is_refused_by_name(request_: NewBill, around: BillSurroundings, code: str, pointer: str) -> None:
    outcome = make_bill(request_, around, NOW)
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.pointer) == (code, pointer)


@pytest.mark.parametrize(
    ("request_", "around", "customer_id", "account_id"),
    [
        (asked(), found(), "bcus_jane", None),
        (asked(customer=newcomer), found(None), ..., None),
        (asked(customer=None, account="FIBRE"), found(None, FIBRE), "bcus_jane", "bacc_fibre"),
        (asked(account="FIBRE"), found(JANE, FIBRE), "bcus_jane", "bacc_fibre"),
        (asked(account=new_account), found(JANE, new_account=Surroundings("bcus_jane", False)), "bcus_jane", ...),
        (asked(customer=None, account=for_newcomer), found(None), ..., ...),
    ],
)
def test_every_form_of_owner_makes_a_bill_and_what_comes_along(
    request_: NewBill, around: BillSurroundings, customer_id: Any, account_id: Any
) -> None:
    made = make_bill(request_, around, NOW)
    assert isinstance(made, MadeBill)
    assert (made.new_customer is not None, made.new_account is not None) == (customer_id is ..., account_id is ...)
    assert made.bill.customer_id == (made.new_customer.id if made.new_customer else customer_id)
    assert made.bill.account_id == (made.new_account.id if made.new_account else account_id)
    if made.new_account:
        assert made.new_account.customer_id == made.bill.customer_id
    assert (made.bill.status, made.bill.amount_paid, made.bill.amount_remaining) == ("unpaid", 0, 1500)


def test_a_bill_without_a_date_is_of_today() -> None:
    made = make_bill(asked(due_date=date(2026, 1, 5)), found(), NOW)
    assert isinstance(made, MadeBill)
    assert made.bill.bill_date == date(2026, 1, 5)


def test_an_old_bill_may_have_been_due_before_today() -> None:
    request = asked(bill_date=date(2020, 1, 1), due_date=date(2020, 1, 1))
    assert isinstance(make_bill(request, found(), NOW), MadeBill)
    [broken] = asked(bill_date=date(2020, 1, 2), due_date=date(2020, 1, 1)).cross_check()
    assert broken.pointer == "/due_date"


def test_a_bill_is_for_somebody() -> None:
    assert [violation.pointer for violation in asked(customer=None).cross_check()] == ["/customer"]


full = {str(number): "x" for number in range(10)}


@pytest.mark.parametrize(
    ("old", "changes", "rules", "code", "pointer"),
    [
        (bill(status="voided"), {}, LOOSE, "bill_voided", None),
        (bill(status="voided"), {"currency": "USD", "amount_paid": AMOUNT_MAX + 1}, LOOSE, "bill_voided", None),
        (bill(), {"currency": "USD", "amount_paid": 1}, LOOSE, "currency_mismatch", "/currency"),
        (bill(), {"amount_paid": AMOUNT_MAX + 1}, LOOSE, "amount_out_of_range", "/amount_paid"),
        (bill(), {"amount_paid": 1501}, STRICT, "overpayment_not_allowed", "/amount_paid"),
        (bill(), {"amount_paid": 1501}, None, "overpayment_not_allowed", "/amount_paid"),
        (
            bill(amount_paid=1600, status="paid"),
            {"amount_paid": 1601},
            STRICT,
            "overpayment_not_allowed",
            "/amount_paid",
        ),
        (bill(metadata=full), {"metadata": {"new": "x"}}, LOOSE, "validation_failed", "/metadata"),
    ],
)
def test_a_change_is_refused_by_name(
    old: Bill, changes: dict[str, Any], rules: PaymentRules | None, code: str, pointer: str | None
) -> None:
    outcome = update_bill(old, BillChanges(**changes), rules, Head(), NOW)
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.pointer) == (code, pointer)


@given(
    due=st.integers(1, 50) | st.just(AMOUNT_MAX),
    totals=st.lists(st.integers(0, 60) | st.just(AMOUNT_MAX), max_size=8),
    rules=st.sampled_from([STRICT, LOOSE]),
)
def test_what_was_paid_follows_the_last_total_and_the_entries(due: int, totals: list[int], rules: PaymentRules) -> None:
    now, entries = bill(amount_due=due), list[Entry]()
    for total in totals:
        last = entries[-1] if entries else None
        head = Head(last.number, last.hash, last.balance_after, last.created_at) if last else Head()
        outcome = update_bill(now, BillChanges(amount_paid=total), rules, head, NOW)
        if total > due and rules is STRICT:
            assert isinstance(outcome, Refusal)
            continue
        assert not isinstance(outcome, Refusal)
        assert len(outcome[1]) == (total != now.amount_paid)
        now, entries = outcome[0], entries + outcome[1]
        assert (now.amount_paid, now.amount_remaining) == (total, max(0, due - total))
        assert now.status == ("paid" if total >= due else "unpaid")
    assert sum(entry.amount for entry in entries) == now.amount_paid
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))


def test_less_of_an_overpayment_is_never_refused() -> None:
    outcome = update_bill(bill(amount_paid=1600, status="paid"), BillChanges(amount_paid=1599), STRICT, Head(), NOW)
    assert not isinstance(outcome, Refusal)


def test_a_change_of_nothing_leaves_the_bill_as_it_is() -> None:
    old = bill(metadata={"a": "1"}, amount_paid=5)
    for changes in (BillChanges(), BillChanges(currency="ZAR", amount_paid=5), BillChanges(metadata={})):
        assert update_bill(old, changes, STRICT, Head(), NOW) == (old, [])


@given(paid=st.integers(0, 1500), status=st.sampled_from(["unpaid", "voided"]))
def test_only_an_open_bill_of_which_nothing_was_paid_is_voided(paid: int, status: str) -> None:
    old = bill(amount_paid=paid, status="voided" if status == "voided" else "paid" if paid == 1500 else "unpaid")
    outcome = void_bill(old)
    if status == "voided":
        assert isinstance(outcome, Refusal)
        assert outcome.code == "bill_voided"
    elif paid:
        assert isinstance(outcome, Refusal)
        assert outcome.code == "bill_paid"
    else:
        assert outcome == msgspec.structs.replace(old, status="voided")
