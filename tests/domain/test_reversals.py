"""How a payment is taken back: all of it, once, and whatever was changed since."""

from datetime import timedelta
from typing import Any, get_args

import msgspec
import pytest
from msgspec import structs

from dues.domain.allocation import Part
from dues.domain.bill_changes import BillChanges, update_bill, void_bill
from dues.domain.bills import Bill
from dues.domain.money import AMOUNT_MAX
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Owed, refuse_payment
from dues.domain.payments import MadePayment, ReversalReason, make_payment
from dues.domain.records import Change, Record
from dues.domain.refusals import Refusal
from dues.domain.reversals import NewReversal, reverse_payment
from tests.domain.owed import CAUSE, account, bill, customer, head_of, owed, rules, unbroken

ANY = rules()
BOUNCED = NewReversal(reason="bounced", note="No funds")
LATER = structs.replace(CAUSE, now=CAUSE.now + timedelta(days=3), request_id="req_2")


def paid(target: Owed, amount: int = 300, bills: tuple[Owed, ...] = (), **changes: Any) -> MadePayment:
    """A payment in ZAR for it."""
    named: dict[str, Any] = {target.of.noun: target.of.external_reference}
    request = NewPayment(external_reference="TX", amount=amount, currency="ZAR", **named, **changes)
    outcome = make_payment(request, target, bills, None, CAUSE)
    assert isinstance(outcome, MadePayment), outcome
    return outcome


def since(made: MadePayment) -> list[Owed]:
    """What the payment left behind, as it is read again for its reversal."""
    for one in made.paid:
        assert one.after.head == head_of(one.entries)
    return [one.after for one in made.paid]


def reversed_(made: MadePayment, now: list[Owed] | None = None) -> MadePayment:
    """The payment, taken back, which must not be refused."""
    outcome = reverse_payment(made.payment.after, now or since(made), BOUNCED, LATER)
    assert isinstance(outcome, MadePayment), outcome
    return outcome


def refused(made: MadePayment, *now: Owed) -> Refusal:
    """Why the payment stands."""
    outcome = reverse_payment(made.payment.after, now, BOUNCED, LATER)
    assert isinstance(outcome, Refusal), outcome
    return outcome


@pytest.mark.parametrize("target", [account(500, ANY), customer(500, ANY), account(100, ANY), customer(-1, ANY)])
def test_a_balance_is_again_what_it_was(target: Owed) -> None:
    made = paid(target)
    undone = reversed_(made)
    assert undone.paid[0].after.of == target.of
    [entry] = undone.paid[0].entries
    assert (entry.kind, entry.amount, entry.reason, entry.currency) == ("reversal", 300, "bounced", "ZAR")
    assert (entry.payment_id, entry.request_id) == (made.payment.after.of.id, "req_2")
    assert made.paid[0].entries[0].amount + entry.amount == 0


@pytest.mark.parametrize("target", [bill(500, default=ANY), bill(300, default=ANY), bill(200, paid=50, default=ANY)])
def test_a_bill_is_again_as_open_as_it_was(target: Owed) -> None:
    made = paid(target)
    undone = reversed_(made)
    assert undone.paid[0].after.of == target.of
    [entry] = undone.paid[0].entries
    assert (entry.kind, entry.amount, entry.reason) == ("reversal", -300, "bounced")


def test_a_bill_that_stays_covered_otherwise_stays_paid() -> None:
    target = bill(100, default=ANY)
    made = paid(target)
    outcome = update_bill(_record(since(made)[0]), BillChanges(amount_paid=400), CAUSE)
    assert not isinstance(outcome, Refusal)
    undone = reversed_(made, [outcome.after])
    now = _bill(undone.paid[0].after)
    assert (now.amount_paid, now.status) == (100, "paid")


def test_the_payment_says_that_it_was_taken_back_and_why() -> None:
    made = paid(customer(500, ANY))
    payment = reversed_(made).payment.after.of
    assert payment.status == "reversed"
    assert payment.reversal
    assert msgspec.to_builtins(payment.reversal, builtin_types=[type(LATER.now)]) == {
        "reason": "bounced",
        "note": "No funds",
        "reversed_at": LATER.now,
    }
    assert structs.replace(payment, status="applied", reversal=None) == made.payment.after.of


@pytest.mark.parametrize("reason", get_args(ReversalReason))
def test_every_reason_stands_in_the_entry(reason: ReversalReason) -> None:
    made = paid(customer(500, ANY))
    undone = reverse_payment(made.payment.after, since(made), NewReversal(reason=reason), LATER)
    assert isinstance(undone, MadePayment)
    assert [entry.reason for entry in undone.paid[0].entries] == [reason]


def test_a_spread_payment_is_taken_back_from_everything_and_the_chains_go_on() -> None:
    bills = (bill(100, default=ANY, id="bill_a"), bill(100, default=ANY, id="bill_b"))
    made = paid(customer(0, ANY), 300, bills, allocation="oldest_due_first")
    undone = reversed_(made)
    assert [(one.after.of.id, one.entries[0].amount) for one in undone.paid] == [
        ("bill_a", -100),
        ("bill_b", -100),
        ("bcus_jane", 100),
    ]
    for one, undoing in zip(made.paid, undone.paid, strict=True):
        assert one.before
        assert undoing.after.of == one.before.of
        assert unbroken([*one.entries, *undoing.entries])


def test_it_is_not_taken_back_twice() -> None:
    made = paid(customer(500, ANY))
    undone = reversed_(made)
    again = refused(undone, *since(undone))
    assert again.code == "payment_reversed"


def test_that_it_was_taken_back_is_said_before_anything_that_was_changed_since() -> None:
    undone = reversed_(paid(bill(500, default=ANY)))
    voided = void_bill(_record(since(undone)[0]))
    assert isinstance(voided, Change)
    assert refused(undone, voided.after).code == "payment_reversed"


def test_a_reversed_payment_can_be_paid_again() -> None:
    target = bill(300, default=rules(under=False, over=False))
    made = paid(target)
    assert refuse_payment(since(made)[0], 300, "ZAR")
    assert refuse_payment(reversed_(made).paid[0].after, 300, "ZAR") is None


def test_it_stands_on_a_bill_that_was_voided_since() -> None:
    made = paid(bill(500, default=ANY))
    by_hand = update_bill(_record(since(made)[0]), BillChanges(amount_paid=0), CAUSE)
    assert not isinstance(by_hand, Refusal)
    voided = void_bill(by_hand.after)
    assert isinstance(voided, Change)
    assert refused(made, voided.after).code == "bill_voided"


@pytest.mark.parametrize(
    ("by_hand", "left"), [(0, None), (1, None), (299, None), (300, 0), (301, 1), (AMOUNT_MAX, AMOUNT_MAX - 300)]
)
def test_it_stands_where_less_is_recorded_as_paid_of_the_bill(by_hand: int, left: int | None) -> None:
    made = paid(bill(500, default=ANY))
    now = owed(structs.replace(_bill(since(made)[0]), amount_paid=by_hand), ANY)
    if left is None:
        refusal = refused(made, now)
        assert (refusal.code, refusal.pointer) == ("payment_outweighed", None)
        assert f"{by_hand} recorded as paid" in refusal.detail
    else:
        assert _bill(reversed_(made, [now]).paid[0].after).amount_paid == left


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (customer(None, ANY, currency="USD"), "balance_not_tracked"),
        (customer(None, ANY), "balance_not_tracked"),
        (customer(0, ANY, currency="USD"), "currency_mismatch"),
        (customer(AMOUNT_MAX, ANY, currency="USD"), "currency_mismatch"),
        (customer(AMOUNT_MAX - 299, ANY), "amount_out_of_range"),
        (account(AMOUNT_MAX, ANY), "amount_out_of_range"),
    ],
)
def test_it_stands_where_the_balance_cannot_take_it_back(now: Owed, code: str) -> None:
    made = paid(customer(500, ANY) if now.of.noun == "customer" else account(500, ANY))
    assert refused(made, now).code == code


@pytest.mark.parametrize("balance", [-AMOUNT_MAX, -1, 0, AMOUNT_MAX - 300])
def test_any_balance_that_stays_in_the_safe_range_takes_it_back(balance: int) -> None:
    [undone] = reversed_(paid(customer(500, ANY)), [customer(balance, ANY)]).paid
    assert not isinstance(undone.after.of, Bill)
    assert undone.after.of.balance == balance + 300


def test_no_rule_of_payments_holds_it_up() -> None:
    made = paid(account(500, ANY))
    for none_fits in (None, rules(0, 0), rules(400, 400, under=False, over=False)):
        assert reversed_(made, [account(200, none_fits)])


def test_it_stands_as_a_whole_where_one_of_its_parts_cannot_be_taken_back() -> None:
    bills = (bill(100, default=ANY, id="bill_a"), bill(100, default=ANY, id="bill_b"))
    parts = [Part(bill="A", amount=100), Part(bill="B", amount=100)]
    made = paid(customer(500, ANY), 300, bills, parts=parts)
    for number, one in enumerate(since(made)[:2]):
        now = since(made)
        now[number] = owed(structs.replace(_bill(one), amount_paid=99, status="unpaid"), ANY)
        assert refused(made, *now).code == "payment_outweighed"


def _bill(one: Owed) -> Bill:
    assert isinstance(one.of, Bill)
    return one.of


def _record(one: Owed) -> Record[Bill]:
    return Record(_bill(one), one.default_rules, one.head, one.events)
