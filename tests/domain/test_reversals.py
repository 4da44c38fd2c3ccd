"""How a payment is taken back: all of it, once, and whatever was changed since."""

from datetime import timedelta
from typing import Any, get_args

import msgspec
import pytest
from msgspec import Struct, structs

from dues.domain.allocation import Part
from dues.domain.applications import ApplicationPart, Moved, Unapply, apply_parts, unapply
from dues.domain.bill_changes import BillChanges, update_bill, void_bill
from dues.domain.bills import Bill
from dues.domain.money import AMOUNT_MAX
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Owed, refuse_payment
from dues.domain.payments import MadePayment, Payment, ReversalReason, make_payment
from dues.domain.records import Change, Record
from dues.domain.refunds import NewRefund, Refunded, refund_payment
from dues.domain.refusals import Refusal
from dues.domain.reversals import NewReversal, reverse_payment
from tests.domain.owed import CAUSE, account, bill, customer, head_of, owed, rules, unbroken
from tests.domain.there import There

ANY = rules()
BOUNCED = NewReversal(reason="bounced", note="No funds")
LATER = structs.replace(CAUSE, now=CAUSE.now + timedelta(days=3), request_id="req_2")


def paid(target: Owed, amount: int = 300, bills: tuple[Owed, ...] = (), **changes: Any) -> MadePayment:
    """A payment in ZAR for it."""
    named: dict[str, Any] = {target.of.noun: target.of.external_reference}
    request = NewPayment(external_reference="TX", amount=amount, currency="ZAR", **named, **changes)
    outcome = make_payment(request, target, bills, None, None, CAUSE)
    assert isinstance(outcome, MadePayment), outcome
    return outcome


def since(made: MadePayment) -> list[Owed]:
    """What the payment left behind, as it is read again for its reversal."""
    for one in made.paid:
        assert one.after.head == head_of(one.entries)
    return [one.after for one in made.paid]


class Undone(Struct, frozen=True):
    """What a reversal makes of a payment and of what it was applied to."""

    payment: Change[Payment]
    paid: list[Change[Any]]

    @property
    def lost(self) -> list[tuple[str, int, str | None]]:
        """What could not be restored: where, how much, why."""
        applications = self.payment.after.of.applications
        return [(one.owner_id, one.not_restored, one.not_restored_reason) for one in applications if one.not_restored]


def reversed_(made: MadePayment | Undone, now: list[Owed] | None = None) -> Undone:
    """The payment, taken back, which must not be refused."""
    owed = {one.of.id: one for one in now or ([one.after for one in made.paid])}
    outcome = reverse_payment(made.payment.after, owed, BOUNCED, LATER)
    assert not isinstance(outcome, Refusal), outcome
    *paid, payment = outcome
    return Undone(payment, paid)


def refused(made: MadePayment | Undone, *now: Owed) -> Refusal:
    """Why the payment stands."""
    outcome = reverse_payment(made.payment.after, {one.of.id: one for one in now}, BOUNCED, LATER)
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
    [now] = since(made)
    outcome = reverse_payment(made.payment.after, {now.of.id: now}, NewReversal(reason=reason), LATER)
    assert not isinstance(outcome, Refusal)
    assert [entry.reason for entry in outcome[0].entries] == [reason]


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
    again = refused(undone, *(one.after for one in undone.paid))
    assert again.code == "payment_reversed"


def test_that_it_was_taken_back_is_said_before_anything_that_was_changed_since() -> None:
    undone = reversed_(paid(bill(500, default=ANY)))
    voided = void_bill(undone.paid[0].after, LATER)
    assert isinstance(voided, Change)
    assert refused(undone, voided.after).code == "payment_reversed"


def test_a_reversed_payment_can_be_paid_again() -> None:
    target = bill(300, default=rules(under=False, over=False))
    made = paid(target)
    assert refuse_payment(since(made)[0], 300, "ZAR")
    assert refuse_payment(reversed_(made).paid[0].after, 300, "ZAR") is None


def test_a_bill_that_is_voided_stays_so_and_what_it_had_is_not_restored() -> None:
    made = paid(bill(500, default=ANY))
    voided = structs.replace(_bill(since(made)[0]), amount_paid=0, status="voided")
    undone = reversed_(made, [owed(voided, ANY)])
    assert undone.lost == [("bill_1", 300, "bill_voided")]
    assert undone.paid[0].after.of == structs.replace(voided, amount_applied=0)
    assert undone.paid[0].entries == []


@pytest.mark.parametrize(
    ("recorded", "left", "lost"),
    [(0, 0, 300), (1, 0, 299), (299, 0, 1), (300, 0, 0), (301, 1, 0), (AMOUNT_MAX, AMOUNT_MAX - 300, 0)],
)
def test_of_a_bill_no_more_is_taken_back_than_is_recorded_as_paid(recorded: int, left: int, lost: int) -> None:
    made = paid(bill(500, default=ANY))
    undone = reversed_(made, [owed(structs.replace(_bill(since(made)[0]), amount_paid=recorded), ANY)])
    now = _bill(undone.paid[0].after)
    assert (now.amount_paid, now.amount_applied) == (left, 0)
    assert now.status == ("paid" if left >= 500 else "unpaid")
    assert [entry.amount for entry in undone.paid[0].entries] == ([lost - 300] if lost < 300 else [])
    assert undone.lost == ([("bill_1", lost, "amount_paid_lowered")] if lost else [])


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (customer(None, ANY, currency="USD"), "balance_not_tracked"),
        (customer(None, ANY), "balance_not_tracked"),
        (customer(0, ANY, currency="USD"), "currency_mismatch"),
        (customer(AMOUNT_MAX, ANY, currency="USD"), "currency_mismatch"),
        (customer(AMOUNT_MAX - 299, ANY), "amount_out_of_range"),
        (account(AMOUNT_MAX, ANY), "amount_out_of_range"),
    ],
)
def test_a_balance_that_cannot_take_it_back_is_left_as_it_is(now: Owed, reason: str) -> None:
    made = paid(customer(500, ANY) if now.of.noun == "customer" else account(500, ANY))
    undone = reversed_(made, [now])
    assert undone.payment.after.of.status == "reversed"
    assert undone.lost == [(now.of.id, 300, reason)]
    assert (undone.paid[0].after.of, undone.paid[0].entries) == (now.of, ())


def test_what_is_held_is_gone_and_the_payments_ledger_ends_at_nothing() -> None:
    made = paid(bill(500, default=rules(over=False)), 800, rest="hold")
    undone = reversed_(made)
    payment = undone.payment.after.of
    assert (payment.amount, payment.amount_unapplied) == (800, 0)
    [entry] = undone.payment.entries
    assert (entry.kind, entry.amount, entry.balance_after, entry.reason) == ("reversal", -300, 0, "bounced")
    assert unbroken([*made.payment.entries, *undone.payment.entries])
    assert [entry.amount for one in undone.paid for entry in one.entries] == [-500]


def test_what_was_refunded_stays_gone_and_is_neither_held_nor_applied() -> None:
    made = paid(bill(500, default=rules(over=False)), 800, rest="hold")
    refunded = refund_payment(made.payment.after, NewRefund(amount=200, external_reference="R"), There(), LATER)
    assert isinstance(refunded, Refunded)
    undone = reversed_(MadePayment(refunded.payment, made.paid))
    payment = undone.payment.after.of
    assert (payment.amount_refunded, payment.amount_unapplied) == (200, 0)
    assert [entry.amount for entry in undone.payment.entries] == [-100]
    assert [entry.amount for one in undone.paid for entry in one.entries] == [-500]


def test_what_was_taken_back_before_is_not_taken_back_again() -> None:
    made = paid(bill(500, default=ANY))
    [bill_] = since(made)
    moved = unapply(made.payment.after, Unapply(bill="INV", amount=100), bill_, LATER)
    assert isinstance(moved, Moved)
    undone = reversed_(Undone(moved.payment, list(moved.owed)))
    assert [entry.amount for entry in undone.paid[0].entries] == [-200]
    assert [(entry.kind, entry.amount) for entry in undone.payment.entries] == [("reversal", -100)]
    now = _bill(undone.paid[0].after)
    assert (now.amount_paid, now.amount_applied, now.status) == (0, 0, "unpaid")
    again = unapply(made.payment.after, Unapply(bill="INV"), bill_, LATER)
    assert isinstance(again, Moved)
    assert reversed_(Undone(again.payment, list(again.owed))).paid == []


def test_what_went_to_one_bill_in_several_steps_comes_back_in_as_many_entries() -> None:
    made = paid(bill(500, default=ANY), 300, rest="hold")
    back = unapply(made.payment.after, Unapply(bill="INV", amount=200), since(made)[0], LATER)
    assert isinstance(back, Moved)
    again = apply_parts(back.payment.after, [ApplicationPart(bill="INV", amount=150)], [back.owed[0].after], LATER)
    assert isinstance(again, Moved)
    undone = reversed_(Undone(again.payment, list(again.owed)))
    [change] = undone.paid
    assert [entry.amount for entry in change.entries] == [-100, -150]
    assert change.before == again.owed[0].after
    assert unbroken([*made.paid[0].entries, *back.owed[0].entries, *again.owed[0].entries, *change.entries])
    assert [entry.amount for entry in undone.payment.entries] == [-50]


@pytest.mark.parametrize("balance", [-AMOUNT_MAX, -1, 0, AMOUNT_MAX - 300])
def test_any_balance_that_stays_in_the_safe_range_takes_it_back(balance: int) -> None:
    [undone] = reversed_(paid(customer(500, ANY)), [customer(balance, ANY)]).paid
    assert not isinstance(undone.after.of, Bill)
    assert undone.after.of.balance == balance + 300


def test_no_rule_of_payments_holds_it_up() -> None:
    made = paid(account(500, ANY))
    for none_fits in (None, rules(0, 0), rules(400, 400, under=False, over=False)):
        assert reversed_(made, [account(200, none_fits)])


def test_one_part_that_cannot_be_taken_back_holds_the_others_up_in_nothing() -> None:
    bills = (bill(100, default=ANY, id="bill_a"), bill(100, default=ANY, id="bill_b"))
    parts = [Part(bill="A", amount=100), Part(bill="B", amount=100)]
    made = paid(customer(500, ANY), 300, bills, parts=parts)
    for number, one in enumerate(since(made)[:2]):
        now = since(made)
        now[number] = owed(structs.replace(_bill(one), amount_paid=99, status="unpaid"), ANY)
        undone = reversed_(made, now)
        assert undone.lost == [(one.of.id, 1, "amount_paid_lowered")]
        assert [entry.amount for step in undone.paid for entry in step.entries] == [
            *([-99, -100] if number == 0 else [-100, -99]),
            100,
        ]


def _bill(one: Owed) -> Bill:
    assert isinstance(one.of, Bill)
    return one.of


def _record(one: Owed) -> Record[Bill]:
    return Record(_bill(one), one.default_rules, one.head, one.events)
