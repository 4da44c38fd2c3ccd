"""Money that is held: applied later, taken back, and so moved to where it should have gone."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import structs

from dues.domain.allocation import BILLS_MAX
from dues.domain.applications import (
    ApplicationPart,
    Moved,
    NewApplications,
    Place,
    Unapply,
    apply_oldest_first,
    apply_parts,
    unapply,
)
from dues.domain.entries import Head
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Owed
from dues.domain.payments import MadePayment, Payment, make_payment
from dues.domain.records import Record
from dues.domain.refusals import Refusal
from tests.domain.owed import CAUSE, account, bill, customer, head_of, rules, unbroken

ANY = rules()
EXACTLY = rules(under=False, over=False)
NO_MORE = rules(over=False)


def held(amount: int = 300, whole: int | None = None) -> Record[Payment]:
    """A payment of Jane's of which so much is held; the rest of the whole went to a bill that takes no more."""
    applied = (whole or amount) - amount
    new = NewPayment(external_reference="TX", amount=amount + applied, currency="ZAR", bill="OLD", rest="hold")
    target = bill(applied, default=NO_MORE, id="bill_old") if applied else bill(9, id="bill_old")
    made = make_payment(new, target, [], None, None, CAUSE)
    assert isinstance(made, MadePayment)
    assert made.payment.after.of.amount_unapplied == amount
    return made.payment.after


def part(owed: Owed, amount: int) -> ApplicationPart:
    """So much for it."""
    named: dict[str, Any] = {owed.of.noun: owed.of.id}
    return ApplicationPart(amount=amount, **named)


def applied(record: Record[Payment], *shares: tuple[Owed, int]) -> Moved:
    """Parts of what is held, which must not be refused."""
    outcome = apply_parts(record, [part(*share) for share in shares], [owed for owed, _ in shares], CAUSE)
    assert isinstance(outcome, Moved), outcome
    return outcome


def taken_back(moved: Moved, owed: Owed, amount: int | None = None) -> Moved:
    """So much of what it has there (None: all), which must not be refused."""
    named: dict[str, Any] = {owed.of.noun: owed.of.id}
    outcome = unapply(moved.payment.after, Unapply(amount=amount, **named), owed, CAUSE)
    assert isinstance(outcome, Moved), outcome
    return outcome


def refused(outcome: Moved | Refusal) -> tuple[str, str | None]:
    """The code of a refusal, and what it points at."""
    assert isinstance(outcome, Refusal), outcome
    return outcome.code, outcome.pointer


INV, JANE, FIBRE = bill(100, default=ANY), customer(500, ANY), account(500, ANY)


def test_parts_of_what_is_held_go_where_they_are_sent_and_each_ledger_says_so() -> None:
    record = held(300)
    moved = applied(record, (INV, 100), (FIBRE, 50), (JANE, 30))
    payment = moved.payment.after.of
    assert (payment.amount, payment.amount_unapplied) == (300, 120)
    assert [(one.owner_id, one.amount) for one in moved.applications] == [
        ("bill_1", 100),
        ("bacc_1", 50),
        ("bcus_jane", 30),
    ]
    assert payment.applications == [*record.of.applications, *moved.applications]
    assert [(entry.kind, entry.amount, entry.balance_after) for entry in moved.payment.entries] == [
        ("application", -100, 200),
        ("application", -50, 150),
        ("application", -30, 120),
    ]
    assert [[(entry.kind, entry.amount) for entry in one.entries] for one in moved.owed] == [
        [("payment", 100)],
        [("payment", -50)],
        [("payment", -30)],
    ]
    told = [entry.payment_id for one in (moved.payment, *moved.owed) for entry in one.entries]
    assert told == [payment.id] * 6
    assert {payment.customer_id, payment.account_id, *payment.linked_to} >= {"bill_1", "bacc_1", "bcus_jane"}


@pytest.mark.parametrize(
    ("parts", "found", "code", "pointer"),
    [
        ([(INV, 100), (JANE, 201)], None, "application_exceeds_unapplied", "/parts"),
        ([(INV, 100), (JANE, 5)], [INV, None], "customer_not_found", "/parts/1/customer"),
        ([(INV, 10), (INV, 10)], None, "validation_failed", "/parts/1/bill"),
        ([(INV, 10), (bill(9, default=NO_MORE, id="bill_2"), 10)], None, "overpayment_not_allowed", "/parts/1/amount"),
        ([(bill(9, default=EXACTLY), 8)], None, "underpayment_not_allowed", "/parts/0/amount"),
        ([(bill(9, default=ANY, status="voided"), 9)], None, "bill_voided", None),
        ([(bill(9, default=ANY, currency="USD"), 9)], None, "currency_mismatch", "/currency"),
        ([(customer(None, ANY), 9)], None, "payment_not_allowed", None),
        ([(bill(99, default=rules(401)), 9)], None, "payment_below_minimum", "/amount"),
        ([(bill(99, default=rules(0, 399)), 9)], None, "payment_above_maximum", "/amount"),
    ],
)
def test_a_part_is_refused_for_what_a_payment_would_be_and_nothing_is_applied_then(
    parts: list[tuple[Owed, int]], found: Sequence[Owed | None] | None, code: str, pointer: str | None
) -> None:
    asked = [part(*one) for one in parts]
    outcome = apply_parts(held(300, whole=400), asked, found or [owed for owed, _ in parts], CAUSE)
    assert refused(outcome) == (code, pointer)


def test_the_bounds_of_rules_are_for_the_whole_payment_long_after_it_came() -> None:
    assert applied(held(300, whole=400), (bill(99, default=rules(400, 400)), 1))
    moved = apply_oldest_first(held(30, whole=400), [bill(99, default=rules(400, 400))], CAUSE)
    assert isinstance(moved, Moved)
    assert moved.payment.after.of.amount_unapplied == 0


def test_open_bills_are_filled_in_turn_and_what_is_left_stays_held() -> None:
    picky = bill(100, default=EXACTLY, id="bill_picky")
    first, last = (bill(80, default=ANY, id=one) for one in ("bill_a", "bill_b"))
    moved = apply_oldest_first(held(170), [first, picky, last], CAUSE)
    assert isinstance(moved, Moved)
    assert [(one.owner_id, one.amount) for one in moved.applications] == [("bill_a", 80), ("bill_b", 80)]
    assert moved.payment.after.of.amount_unapplied == 10
    many = [bill(1, default=ANY, id=f"bill_{number}") for number in range(BILLS_MAX + 1)]
    most = apply_oldest_first(held(BILLS_MAX + 9), many, CAUSE)
    assert isinstance(most, Moved)
    assert most.payment.after.of.amount_unapplied == 9


def test_where_no_bill_takes_any_the_first_that_does_not_says_why() -> None:
    picky, choosy = (bill(100, default=one, id="bill_x") for one in (EXACTLY, rules(0, 10)))
    assert refused(apply_oldest_first(held(60), [picky, choosy], CAUSE))[0] == "underpayment_not_allowed"
    assert refused(apply_oldest_first(held(60), [choosy, picky], CAUSE))[0] == "payment_above_maximum"
    assert refused(apply_oldest_first(held(60), [], CAUSE)) == ("payment_not_allowed", "/allocation")


def test_what_is_not_held_is_not_applied() -> None:
    moved = applied(held(100), (INV, 100))
    assert refused(apply_oldest_first(moved.payment.after, [INV], CAUSE)) == (
        "application_exceeds_unapplied",
        "/allocation",
    )
    assert refused(apply_parts(moved.payment.after, [part(JANE, 1)], [JANE], CAUSE)) == (
        "application_exceeds_unapplied",
        "/parts",
    )


def test_of_a_reversed_payment_nothing_is_applied_or_taken_back() -> None:
    record = applied(held(100), (INV, 50)).payment.after
    bounced = structs.replace(record, of=structs.replace(record.of, status="reversed", amount_unapplied=0))
    for outcome in (
        apply_parts(bounced, [part(JANE, 1)], [None], CAUSE),
        apply_oldest_first(bounced, [INV], CAUSE),
        unapply(bounced, Unapply(bill="INV"), None, CAUSE),
    ):
        assert refused(outcome) == ("payment_reversed", None)


@pytest.mark.parametrize("owed", [INV, JANE, FIBRE])
@pytest.mark.parametrize("amount", [None, 1, 59, 60])
def test_what_was_applied_is_held_again_all_of_it_or_so_much(owed: Owed, amount: int | None) -> None:
    there = applied(held(100), (owed, 60))
    [now] = [change.after for change in there.owed]
    moved = taken_back(there, now, amount)
    back = amount or 60
    payment = moved.payment.after.of
    assert (payment.amount_unapplied, payment.applied_to(owed.of.id)) == (40 + back, 60 - back)
    assert [(entry.kind, entry.amount) for entry in moved.payment.entries] == [("hold", back)]
    [change] = moved.owed
    sign = -1 if owed is INV else 1
    assert [(entry.kind, entry.amount) for entry in change.entries] == [("release", sign * back)]
    assert {entry.payment_id for entry in (*change.entries, *moved.payment.entries)} == {payment.id}
    assert change.before == now
    assert change.after.of == owed.of or back < 60
    assert moved.applications == ()


def test_no_more_is_taken_back_than_is_there() -> None:
    there = applied(held(100), (INV, 60))
    [now] = [change.after for change in there.owed]
    for wanted, owed, code, pointer in (
        (Unapply(bill="INV", amount=61), now, "amount_exceeds_applied", "/amount"),
        (Unapply(customer="JANE"), JANE, "amount_exceeds_applied", "/amount"),
        (Unapply(bill="INV"), None, "bill_not_found", "/bill"),
        (
            Unapply(bill="INV"),
            structs.replace(now, of=structs.replace(now.of, status="voided")),
            "bill_voided",
            None,
        ),
    ):
        assert refused(unapply(there.payment.after, wanted, owed, CAUSE)) == (code, pointer)
    none_left = taken_back(there, now)
    assert refused(unapply(none_left.payment.after, Unapply(bill="INV"), now, CAUSE))[0] == "amount_exceeds_applied"


def test_what_was_applied_last_is_taken_back_first() -> None:
    first = applied(held(100), (INV, 30))
    second = applied(first.payment.after, (first.owed[0].after, 20))
    moved = taken_back(second, second.owed[0].after, 25)
    assert [(one.amount, one.released, one.live) for one in moved.payment.after.of.applications] == [
        (30, 5, 25),
        (20, 20, 0),
    ]


def test_a_payment_is_moved_and_every_ledger_goes_on_unbroken() -> None:
    wrong, right = (structs.replace(account(500, ANY, id=one), head=Head()) for one in ("bacc_1", "bacc_2"))
    new = NewPayment(external_reference="TX", amount=70, currency="ZAR", account="UAR")
    made = make_payment(new, wrong, [], None, None, CAUSE)
    assert isinstance(made, MadePayment)
    back = taken_back(Moved(made.payment, made.paid), made.paid[0].after)
    there = applied(back.payment.after, (right, 70))
    payment = there.payment.after.of
    assert (payment.external_reference, payment.amount_unapplied) == ("TX", 0)
    assert (payment.applied_to("bacc_1"), payment.applied_to("bacc_2")) == (0, 70)
    own = [*made.payment.entries, *back.payment.entries, *there.payment.entries]
    assert [(entry.kind, entry.amount) for entry in own] == [("hold", 70), ("application", -70)]
    assert unbroken(own)
    assert there.payment.after.head == head_of(own)
    assert [entry.kind for entry in (*made.paid[0].entries, *back.owed[0].entries)] == ["payment", "release"]
    assert (payment.account_id, payment.linked_to) == ("bacc_1", ["bacc_2"])


@pytest.mark.parametrize(
    ("asked", "broken"),
    [
        (Place(), [("/bill", "required")]),
        (Place(bill="A", account="B", customer="C"), [("/account", "one_only"), ("/customer", "one_only")]),
        (Unapply(account="A"), []),
        (NewApplications(), [("/parts", "required")]),
        (NewApplications(parts=[], allocation="oldest_due_first"), [("/parts", "required")]),
        (NewApplications(allocation="oldest_due_first"), []),
        (NewApplications(allocation="oldest_due_first", account="A", customer="C"), [("/customer", "one_only")]),
        (NewApplications(parts=[], account="A"), [("/account", "not_of_parts")]),
    ],
)
def test_what_is_asked_for_goes_together(asked: Place | NewApplications, broken: list[tuple[str, str]]) -> None:
    assert [(violation.pointer, violation.code) for violation in asked.cross_check()] == broken
