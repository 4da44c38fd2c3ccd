"""The rules for making, paying and voiding a bill, without a database."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from dues.domain.accounts import Account, NewAccount
from dues.domain.bill_changes import BillChanges, settle, tell_overdue, update_bill, void_bill
from dues.domain.bills import Bill, MadeBill, NewBill, make_bill
from dues.domain.customers import Customer, NewCustomer
from dues.domain.entries import Cause, Entry
from dues.domain.money import AMOUNT_MAX
from dues.domain.payment_rules import PaymentRules
from dues.domain.records import Change, Record
from dues.domain.refusals import Refusal
from tests.domain.owed import head_of, owed, rules
from tests.domain.there import There

NOW = Cause(1, "req_1", "key", datetime(2026, 1, 5, 23, 30, tzinfo=UTC))
STRICT = PaymentRules(1, 1000, underpayment_allowed=True, overpayment_allowed=False)
LOOSE = PaymentRules(1, 1000, underpayment_allowed=True, overpayment_allowed=True)

JANE = owed(Customer(id="bcus_jane", external_reference="JANE"))
JOHN = owed(Customer(id="bcus_john", external_reference="JOHN", currency="USD"))
NEW = owed(Customer(id="bcus_new", external_reference="NEW"))
FIBRE = owed(Account(id="bacc_fibre", external_reference="FIBRE", customer_id="bcus_jane", currency="ZAR"))
ACC = owed(Account(id="bacc_acc", external_reference="ACC", customer_id="bcus_jane"))


def asked(**changes: Any) -> NewBill:
    """A request for a bill of ZAR 15.00 for Jane, but for `changes`."""
    body: dict[str, Any] = {"external_reference": "INV", "currency": "ZAR", "amount_due": 1500, "customer": "JANE"}
    return NewBill(**(body | changes))


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


def kept(of: Bill, default: PaymentRules | None = None) -> Record[Bill]:
    """The bill, with the default rules and the end of its ledger."""
    return Record(of, default, owed(of).head, 1)


newcomer = NewCustomer(external_reference="NEW")
new_account = NewAccount(customer="JANE", external_reference="ACC")
for_newcomer = NewAccount(customer=newcomer, external_reference="ACC")
rich = NewAccount(customer="JANE", external_reference="ACC", currency="ZAR", balance=AMOUNT_MAX + 1)


@pytest.mark.parametrize(
    ("request_", "there", "code", "pointer"),
    [
        (asked(amount_due=AMOUNT_MAX + 1), There(), "amount_out_of_range", "/amount_due"),
        (asked(), There(), "customer_not_found", "/customer"),
        (asked(customer=newcomer), There(NEW), "external_reference_taken", "/customer/external_reference"),
        (asked(customer=None, account="X"), There(), "account_not_found", "/account"),
        (asked(account="X"), There(JANE), "account_not_found", "/account"),
        (asked(account="FIBRE"), There(FIBRE), "customer_not_found", "/customer"),
        (asked(account="FIBRE", customer="JOHN"), There(JOHN, FIBRE), "owner_mismatch", "/customer"),
        (asked(customer=newcomer, account="FIBRE"), There(FIBRE), "owner_mismatch", "/customer"),
        (asked(account=for_newcomer), There(JANE), "owner_mismatch", "/customer"),
        (asked(customer=None, account=new_account), There(), "customer_not_found", "/account/customer"),
        (
            asked(customer=None, account=new_account),
            There(JANE, ACC),
            "external_reference_taken",
            "/account/external_reference",
        ),
        (
            asked(customer=None, account=for_newcomer),
            There(NEW, ACC),
            "external_reference_taken",
            "/account/customer/external_reference",
        ),
        (asked(customer=None, account=rich), There(JANE), "amount_out_of_range", "/account/balance"),
        (asked(customer="JOHN"), There(JOHN), "currency_mismatch", "/currency"),
        (asked(account="FIBRE", currency="USD"), There(JANE, FIBRE), "currency_mismatch", "/currency"),
        (asked(), There(JANE, owed(bill())), "external_reference_taken", "/external_reference"),
    ],
)
def test_a_bill_is_refused_by_name(request_: NewBill, there: There, code: str, pointer: str) -> None:
    outcome = make_bill(request_, there, NOW)
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.pointer) == (code, pointer)


@pytest.mark.parametrize(
    ("request_", "there", "customer_id", "account_id"),
    [
        (asked(), There(JANE), "bcus_jane", None),
        (asked(customer="bcus_jane"), There(JANE), "bcus_jane", None),
        (asked(customer=newcomer), There(), ..., None),
        (asked(customer=None, account="FIBRE"), There(FIBRE), "bcus_jane", "bacc_fibre"),
        (asked(account="FIBRE"), There(JANE, FIBRE), "bcus_jane", "bacc_fibre"),
        (asked(account=new_account), There(JANE), "bcus_jane", ...),
        (asked(customer=None, account=for_newcomer), There(), ..., ...),
    ],
)
def test_every_form_of_owner_makes_a_bill_and_what_comes_along(
    request_: NewBill, there: There, customer_id: Any, account_id: Any
) -> None:
    made = make_bill(request_, there, NOW)
    assert isinstance(made, MadeBill)
    of = made.bill.after.of
    assert (made.customer is not None, made.account is not None) == (customer_id is ..., account_id is ...)
    assert of.customer_id == (made.customer.after.of.id if made.customer else customer_id)
    assert of.account_id == (made.account.after.of.id if made.account else account_id)
    if made.account:
        assert made.account.after.of.customer_id == of.customer_id
    assert (of.status, of.amount_paid, of.amount_remaining) == ("unpaid", 0, 1500)


def test_a_bill_comes_with_the_merchants_rules_for_its_currency() -> None:
    made = make_bill(asked(), There(JANE, rules={("bill", "ZAR"): rules(1), ("bill", "USD"): rules(2)}), NOW)
    assert isinstance(made, MadeBill)
    assert made.bill.after.default_rules == rules(1)


@pytest.mark.parametrize(
    ("zone", "due", "dated"),
    [
        ("UTC", None, 5),
        ("Africa/Johannesburg", None, 6),
        ("America/Los_Angeles", None, 5),
        ("Africa/Johannesburg", 7, 6),
        ("Africa/Johannesburg", 6, 6),
        ("Africa/Johannesburg", 5, 5),
        ("UTC", 1, 1),
    ],
)
def test_without_a_date_it_is_of_the_merchants_today_or_of_its_due_date_if_that_is_earlier(
    zone: str, due: int | None, dated: int
) -> None:
    request = asked(due_date=due and date(2026, 1, due))
    made = make_bill(request, There(JANE), structs.replace(NOW, time_zone=zone))
    assert isinstance(made, MadeBill)
    assert made.bill.after.of.bill_date == date(2026, 1, dated)


def test_an_old_bill_may_have_been_due_before_today() -> None:
    request = asked(bill_date=date(2020, 1, 1), due_date=date(2020, 1, 1))
    assert isinstance(make_bill(request, There(JANE), NOW), MadeBill)
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
        (bill(amount_paid=900, amount_applied=700), {"amount_paid": 699}, LOOSE, "below_payments", "/amount_paid"),
        (bill(amount_paid=900, amount_applied=900), {"amount_paid": 0}, None, "below_payments", "/amount_paid"),
        (bill(amount_credited=400), {"amount_paid": 1101}, STRICT, "overpayment_not_allowed", "/amount_paid"),
        (bill(amount_credited=400), {"amount_paid": AMOUNT_MAX - 399}, LOOSE, "amount_out_of_range", "/amount_paid"),
    ],
)
def test_a_change_is_refused_by_name(
    old: Bill, changes: dict[str, Any], rules: PaymentRules | None, code: str, pointer: str | None
) -> None:
    outcome = update_bill(kept(old, rules), BillChanges(**changes), NOW)
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
        record = Record(now, rules, head_of(entries), 1)
        outcome = update_bill(record, BillChanges(amount_paid=total), NOW)
        if total > due and rules is STRICT:
            assert isinstance(outcome, Refusal)
            continue
        assert not isinstance(outcome, Refusal)
        assert len(outcome.entries) == (total != now.amount_paid)
        assert outcome.before is record
        now, entries = outcome.after.of, [*entries, *outcome.entries]
        assert outcome.after.head == head_of(entries)
        assert (now.amount_paid, now.amount_remaining) == (total, max(0, due - total))
        assert now.status == ("paid" if total >= due else "unpaid")
    assert sum(entry.amount for entry in entries) == now.amount_paid
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))


def test_less_of_an_overpayment_is_never_refused() -> None:
    overpaid = kept(bill(amount_paid=1600, status="paid"), STRICT)
    outcome = update_bill(overpaid, BillChanges(amount_paid=1599), NOW)
    assert not isinstance(outcome, Refusal)


def test_a_change_of_nothing_leaves_the_bill_as_it_is() -> None:
    old = kept(bill(metadata={"a": "1"}, amount_paid=5), STRICT)
    for changes in (BillChanges(), BillChanges(currency="ZAR", amount_paid=5), BillChanges(metadata={})):
        assert update_bill(old, changes, NOW) == Change(old, old, [])


def test_what_was_paid_by_hand_may_be_taken_back_down_to_what_payments_brought() -> None:
    old = kept(bill(amount_paid=900, amount_applied=700), STRICT)
    outcome = update_bill(old, BillChanges(amount_paid=700), NOW)
    assert isinstance(outcome, Change)
    assert (outcome.after.of.amount_paid, outcome.after.of.amount_applied) == (700, 700)
    assert [(entry.kind, entry.amount) for entry in outcome.entries] == [("adjustment", -200)]


def test_where_less_was_recorded_than_payments_brought_it_may_be_raised_and_not_lowered_further() -> None:
    old = kept(bill(amount_paid=300, amount_applied=700), STRICT)
    for total in (300, 301, 700, 1500):
        outcome = update_bill(old, BillChanges(amount_paid=total), NOW)
        assert isinstance(outcome, Change)
        assert outcome.after.of.amount_paid == total
    refusal = update_bill(old, BillChanges(amount_paid=299), NOW)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "below_payments"


def test_a_credited_bill_is_paid_once_the_rest_is() -> None:
    old = kept(bill(amount_credited=400), STRICT)
    for total, status in ((1099, "unpaid"), (1100, "paid")):
        outcome = update_bill(old, BillChanges(amount_paid=total), NOW)
        assert isinstance(outcome, Change)
        assert (outcome.after.of.status, outcome.after.of.amount_remaining) == (status, 1100 - total)


amounts = st.integers(0, 60)


@given(st.integers(1, 100), amounts, amounts, amounts, st.booleans())
def test_a_bill_is_paid_once_what_was_paid_and_credited_comes_to_what_is_due(
    due: int, paid: int, applied: int, credited: int, voided: bool
) -> None:
    old = bill(amount_due=due, status="voided" if voided else "unpaid")
    new = settle(settle(old, paid=paid, applied=applied), credited=credited)
    assert (new.amount_paid, new.amount_applied, new.amount_credited) == (paid, applied, credited)
    assert (new.amount_settled, new.amount_remaining) == (paid + credited, max(0, due - paid - credited))
    assert new.status == ("voided" if voided else "paid" if paid + credited >= due else "unpaid")
    assert new.outstanding == (0 if voided else new.amount_remaining)
    assert settle(new, paid=-paid, applied=-applied, credited=-credited) == old


@given(
    paid=st.integers(0, 2) | st.integers(0, 1500),
    applied=st.integers(0, 2),
    status=st.sampled_from(["unpaid", "voided"]),
)
def test_only_an_open_bill_on_which_no_payment_stands_is_voided(paid: int, applied: int, status: str) -> None:
    fields: dict[str, Any] = {"amount_paid": paid, "amount_applied": applied}
    old = bill(status="voided" if status == "voided" else "paid" if paid == 1500 else "unpaid", **fields)
    outcome = void_bill(kept(old, STRICT), NOW)
    if status == "voided":
        assert isinstance(outcome, Refusal)
        assert outcome.code == "bill_voided"
    elif paid or applied:
        assert isinstance(outcome, Refusal)
        assert outcome.code == "bill_paid"
    else:
        voided = structs.replace(old, status="voided", voided_at=NOW.now)
        assert outcome == Change(kept(old, STRICT), kept(voided, STRICT), ())


def test_a_bill_that_was_only_credited_may_be_voided() -> None:
    assert isinstance(void_bill(kept(bill(amount_credited=400), STRICT), NOW), Change)


DUE = date(2026, 1, 10)


@pytest.mark.parametrize(
    ("old", "today", "told"),
    [
        (bill(due_date=DUE), DUE, False),
        (bill(due_date=DUE), DUE + timedelta(days=1), True),
        (bill(due_date=DUE), DUE + timedelta(days=400), True),
        (bill(due_date=DUE, amount_paid=1499), DUE + timedelta(days=1), True),
        (bill(due_date=DUE, amount_paid=1500, status="paid"), DUE + timedelta(days=1), False),
        (bill(due_date=DUE, status="voided"), DUE + timedelta(days=1), False),
        (bill(), DUE, False),
        (bill(due_date=DUE, overdue_on=DUE + timedelta(days=1)), DUE + timedelta(days=2), False),
    ],
)
def test_that_an_open_bill_is_overdue_is_told_once_from_the_day_after_it_was_due(
    old: Bill, today: date, told: bool
) -> None:
    outcome = tell_overdue(kept(old), today)
    assert outcome == (Change(kept(old), kept(structs.replace(old, overdue_on=today)), ()) if told else None)
    assert outcome is None or tell_overdue(outcome.after, today) is None


def test_what_was_told_is_not_told_again_when_it_is_paid_and_opened_again() -> None:
    outcome = tell_overdue(kept(bill(due_date=DUE)), DUE + timedelta(days=1))
    assert outcome
    again = settle(settle(outcome.after.of, paid=1500), paid=-1500)
    assert again.status == "unpaid"
    assert tell_overdue(kept(again), DUE + timedelta(days=9)) is None
