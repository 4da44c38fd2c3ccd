"""Bills that are lowered with a reason, who gets back what that leaves overpaid, and how it is taken back."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from dues.domain.bills import Bill
from dues.domain.credits import Credited, NewCredit, NewCreditReversal, credit_bill, reverse_credit
from dues.domain.entries import Entry, Head
from dues.domain.money import AMOUNT_MAX
from dues.domain.new_payments import NewPayment
from dues.domain.payments import MadePayment, Payment, make_payment
from dues.domain.records import Record
from dues.domain.refusals import Refusal
from tests.domain.owed import CAUSE, bill, head_of, rules, unbroken
from tests.domain.there import There

ANY = rules()


def inv(due: int = 100, paid: int = 0, **changes: Any) -> Record[Bill]:
    """A bill of which so much is due, and so much paid by hand."""
    status = "paid" if paid >= due else "unpaid"
    fields: dict[str, Any] = {"amount_due": due, "status": status}
    record = bill(1, paid, default=ANY, **(fields | changes))
    assert isinstance(record.of, Bill)
    return Record(record.of, record.default_rules, record.head, record.events)


def of(amount: int, reference: str | None = None) -> NewCredit:
    """A credit of so much."""
    return NewCredit(amount=amount, kind="credit_note", reason="Line was down", external_reference=reference)


def credited(record: Record[Bill], amount: int, payments: Sequence[Record[Payment]] = ()) -> Credited:
    """The credit, which must not be refused."""
    outcome = credit_bill(record, of(amount), payments, There(), CAUSE)
    assert isinstance(outcome, Credited), outcome
    return outcome


def refused(outcome: Credited | Refusal) -> tuple[str, str | None]:
    """The code of a refusal, and what it points at."""
    assert isinstance(outcome, Refusal), outcome
    return outcome.code, outcome.pointer


def paid_by(record: Record[Bill], *amounts: int) -> tuple[Record[Bill], list[Record[Payment]], list[Entry]]:
    """The bill, paid by payments of these amounts, and these: the latest first."""
    payments: list[Record[Payment]] = []
    entries: list[Entry] = []
    for number, amount in enumerate(amounts):
        new = NewPayment(external_reference=f"TX-{number}", amount=amount, currency="ZAR", bill="INV")
        made = make_payment(new, record, [], None, None, CAUSE)
        assert isinstance(made, MadePayment), made
        [paid] = made.paid
        assert isinstance(paid.after.of, Bill)
        record = Record(paid.after.of, paid.after.default_rules, paid.after.head, 1)
        payments.insert(0, made.payment.after)
        entries += paid.entries
    return record, payments, entries


@pytest.mark.parametrize(
    ("paid", "amount", "remaining", "status"), [(0, 99, 1, "unpaid"), (0, 100, 0, "paid"), (97, 3, 0, "paid")]
)
def test_what_a_bill_comes_to_falls_and_nothing_was_paid_by_it(
    paid: int, amount: int, remaining: int, status: str
) -> None:
    outcome = credited(inv(paid=paid), amount)
    after, credit = outcome.bill.after.of, outcome.credit.after.of
    assert (after.amount_paid, after.amount_credited, after.amount_due) == (paid, amount, 100)
    assert (after.amount_remaining, after.status) == (remaining, status)
    [entry] = outcome.bill.entries
    assert (entry.kind, entry.amount, entry.balance_after) == ("credit", amount, paid + amount)
    assert (entry.reason, entry.payment_id) == ("Line was down", None)
    assert (credit.bill_id, credit.amount, credit.currency, credit.kind) == ("bill_1", amount, "ZAR", "credit_note")
    assert (credit.reversed_at, outcome.credit.before, outcome.payments) == (None, None, [])


@pytest.mark.parametrize(
    ("record", "new", "code", "pointer"),
    [
        (inv(status="voided"), of(AMOUNT_MAX + 1), "amount_out_of_range", "/amount"),
        (inv(status="voided"), of(101, "CN"), "bill_voided", None),
        (inv(), of(101, "CN"), "external_reference_taken", "/external_reference"),
        (inv(), of(101), "credit_exceeds_bill", "/amount"),
        (inv(amount_credited=60), of(41), "credit_exceeds_bill", "/amount"),
        (inv(paid=AMOUNT_MAX - 9), of(10), "amount_out_of_range", "/amount"),
    ],
)
def test_a_credit_is_refused_by_name(record: Record[Bill], new: NewCredit, code: str, pointer: str | None) -> None:
    before = credit_bill(inv(), of(1, "CN"), [], There(), CAUSE)
    assert isinstance(before, Credited)
    assert refused(credit_bill(record, new, [], There(before.credit.after), CAUSE)) == (code, pointer)


def test_what_is_left_overpaid_is_held_again_by_the_payments_that_brought_it_the_latest_first() -> None:
    record, payments, before = paid_by(structs.replace(inv(), head=Head()), 30, 50, 20)
    outcome = credited(record, 35, payments)
    after = outcome.bill.after.of
    assert (after.amount_paid, after.amount_applied, after.amount_credited, after.status) == (65, 65, 35, "paid")
    assert [(one.after.of.external_reference, one.after.of.amount_unapplied) for one in outcome.payments] == [
        ("TX-2", 20),
        ("TX-1", 15),
    ]
    assert [one.after.of.applied_to("bill_1") for one in outcome.payments] == [0, 35]
    assert [(entry.kind, entry.amount) for entry in outcome.bill.entries] == [
        ("credit", 35),
        ("release", -20),
        ("release", -15),
    ]
    ids = [one.after.of.id for one in outcome.payments]
    assert [entry.payment_id for entry in outcome.bill.entries] == [None, *ids]
    assert unbroken([*before, *outcome.bill.entries])
    for payment, amount in zip(outcome.payments, (20, 15), strict=True):
        assert [(entry.kind, entry.amount, entry.payment_id) for entry in payment.entries] == [
            ("hold", amount, payment.after.of.id)
        ]


def test_only_what_the_credit_itself_leaves_overpaid_goes_back() -> None:
    record, payments, _ = paid_by(inv(), 130)
    outcome = credited(record, 20, payments)
    assert outcome.payments[0].after.of.amount_unapplied == 20
    assert (outcome.bill.after.of.amount_paid, outcome.bill.after.of.amount_settled) == (110, 130)


def test_what_was_recorded_by_hand_goes_back_to_nobody() -> None:
    record, payments, _ = paid_by(inv(paid=70), 30)
    outcome = credited(record, 50, payments)
    assert [one.after.of.amount_unapplied for one in outcome.payments] == [30]
    assert (outcome.bill.after.of.amount_paid, outcome.bill.after.of.amount_applied) == (70, 0)


def test_a_credit_is_taken_back_once_and_the_bill_is_open_again() -> None:
    record, payments, _ = paid_by(inv(), 100)
    first = credited(record, 40, payments)
    outcome = reverse_credit(first.bill.after, first.credit.after, NewCreditReversal(reason="Was up"), CAUSE)
    assert isinstance(outcome, Credited)
    after, credit = outcome.bill.after.of, outcome.credit.after.of
    assert (after.amount_paid, after.amount_credited, after.amount_remaining, after.status) == (60, 0, 40, "unpaid")
    assert [(entry.kind, entry.amount, entry.reason) for entry in outcome.bill.entries] == [
        ("credit_reversal", -40, "Was up")
    ]
    assert (credit.reversed_at, credit.reversal_reason, credit.amount) == (CAUSE.now, "Was up", 40)
    assert outcome.payments == ()
    again = reverse_credit(outcome.bill.after, outcome.credit.after, NewCreditReversal(), CAUSE)
    assert refused(again) == ("credit_reversed", None)


def test_a_credit_of_a_bill_that_was_voided_since_stays() -> None:
    first = credited(inv(), 40)
    voided = structs.replace(first.bill.after, of=structs.replace(first.bill.after.of, status="voided"))
    outcome = reverse_credit(voided, first.credit.after, NewCreditReversal(), CAUSE)
    assert refused(outcome) == ("bill_voided", None)


@given(
    st.integers(1, 60),
    st.integers(0, 40),
    st.lists(st.integers(1, 40), max_size=4),
    st.lists(st.integers(1, 50), min_size=1, max_size=4),
)
def test_no_cent_of_a_bill_or_of_its_payments_is_lost_by_credits(
    due: int, by_hand: int, amounts: list[int], lower: list[int]
) -> None:
    record, payments, _ = paid_by(inv(due, by_hand), *amounts)
    came, live = sum(amounts), list(reversed(amounts))
    for amount in lower:
        old = record.of
        outcome = credit_bill(record, of(amount), payments, There(), CAUSE)
        if amount > due - old.amount_credited:
            assert refused(outcome)[0] == "credit_exceeds_bill"
            continue
        assert isinstance(outcome, Credited)
        left = min(amount, max(0, old.amount_paid + old.amount_credited + amount - due))
        for number, there in enumerate(live):
            live[number] -= min(there, left)
            left -= min(there, left)
        changed = {one.after.of.id: one.after for one in outcome.payments}
        payments = [changed.get(one.of.id, one) for one in payments]
        record = outcome.bill.after
        assert record.head == head_of(outcome.bill.entries)
        assert [one.of.applied_to("bill_1") for one in payments] == live
        assert [one.of.amount_unapplied for one in payments] == [
            whole - there for whole, there in zip(reversed(amounts), live, strict=True)
        ]
        assert (record.of.amount_applied, record.of.amount_paid) == (sum(live), by_hand + sum(live))
        assert record.of.amount_credited == old.amount_credited + amount
        assert sum(live) + sum(one.of.amount_unapplied for one in payments) == came
        assert record.of.status == ("paid" if record.of.amount_settled >= due else "unpaid")
