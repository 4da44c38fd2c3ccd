"""What a payment does, and what it is: without a database."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec import structs

from dues.domain.allocation import Part
from dues.domain.bills import Bill
from dues.domain.entries import Head
from dues.domain.money import AMOUNT_MAX
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Owed
from dues.domain.payments import MadePayment, Payment, Reversal, find_represented, find_target, make_payment
from dues.domain.records import Record
from dues.domain.refusals import Refusal
from tests.domain.owed import CAUSE, account, bill, customer, head_of, rules, unbroken
from tests.domain.there import There

ANY = rules()
JANE = customer(500, ANY)
FIBRE = account(500, ANY)
INV = bill(500, default=ANY)
OF_FIBRE = bill(500, default=ANY, account_id="bacc_1")


def asked(amount: int = 300, **changes: Any) -> NewPayment:
    """A payment in ZAR, for Jane unless it names something else."""
    body: dict[str, Any] = {"external_reference": "TX", "amount": amount, "currency": "ZAR"}
    named = changes.keys() & {"bill", "account", "customer"}
    return NewPayment(**(body | ({} if named else {"customer": "JANE"}) | changes))


def made(request: NewPayment, target: Owed, *bills: Owed | None) -> MadePayment:
    """The payment, which must not be refused."""
    outcome = make_payment(request, target, bills, None, None, CAUSE)
    assert isinstance(outcome, MadePayment), outcome
    return outcome


def taken(request: NewPayment, target: Owed, *bills: Owed | None) -> Payment:
    """The payment as it is kept then; nothing of it is held, so its ledger is empty."""
    change = made(request, target, *bills).payment
    assert (change.before, change.entries, change.after.of.amount_unapplied) == (None, [], 0)
    return change.after.of


EARLIER: Record[Payment] = Record(taken(asked(), JANE), head=Head(), events=1)


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"customer": None}, [("/bill", "required")]),
        ({"bill": "INV"}, []),
        ({"account": "UAR"}, []),
        ({"customer": "JANE"}, []),
        ({"bill": "INV", "account": "UAR"}, [("/account", "one_only")]),
        ({"bill": "INV", "customer": "JANE"}, [("/customer", "one_only")]),
        (
            {"bill": "INV", "account": "UAR", "customer": "JANE"},
            [("/account", "one_only"), ("/customer", "one_only")],
        ),
        ({"bill": "INV", "parts": [Part(bill="A", amount=1)]}, [("/parts", "not_of_a_bill")]),
        ({"bill": "INV", "allocation": "oldest_due_first"}, [("/allocation", "not_of_a_bill")]),
        (
            {"parts": [Part(bill="A", amount=1)], "allocation": "oldest_due_first"},
            [("/allocation", "one_only")],
        ),
        ({"parts": [Part(bill="A", amount=300)]}, []),
        ({"parts": [Part(bill="A", amount=300), Part(bill="B", amount=1)]}, [("/parts", "above_amount")]),
        (
            {"parts": [Part(bill="A", amount=1), Part(bill="B", amount=1), Part(bill="A", amount=1)]},
            [("/parts/2/bill", "twice")],
        ),
    ],
)
def test_a_request_names_one_thing_to_be_paid_and_one_way_to_spread_it(
    changes: dict[str, Any], broken: list[tuple[str, str]]
) -> None:
    assert [(violation.pointer, violation.code) for violation in asked(**changes).cross_check()] == broken


@pytest.mark.parametrize(
    ("request_", "there", "code", "pointer"),
    [
        (asked(AMOUNT_MAX + 1), There(EARLIER), "amount_out_of_range", "/amount"),
        (asked(), There(EARLIER), "external_reference_taken", "/external_reference"),
        (asked(), There(JANE, EARLIER), "external_reference_taken", "/external_reference"),
        (asked(), There(), "customer_not_found", "/customer"),
        (asked(account="UAR"), There(), "account_not_found", "/account"),
        (asked(bill="INV"), There(), "bill_not_found", "/bill"),
    ],
)
def test_it_is_refused_before_any_rule_is_asked(request_: NewPayment, there: There, code: str, pointer: str) -> None:
    refusal = find_target(request_, there)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.pointer) == (code, pointer)


def test_what_is_there_and_safe_is_left_to_the_rules() -> None:
    for name in ("JANE", "bcus_jane"):
        assert find_target(asked(AMOUNT_MAX, customer=name), There(JANE)) is JANE
    outcome = make_payment(asked(AMOUNT_MAX), JANE, [], None, None, CAUSE)
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.outstanding, outcome.payment_rules) == ("payment_above_maximum", 500, ANY)


def reversed_(record: Record[Payment], **changes: Any) -> Record[Payment]:
    """The payment, once it bounced."""
    bounced = Reversal(reason="bounced", note=None, reversed_at=CAUSE.now)
    return structs.replace(record, of=structs.replace(record.of, status="reversed", reversal=bounced, **changes))


BOUNCED = reversed_(EARLIER)
CAME_AGAIN = reversed_(EARLIER, represented_by="pay_9")


@pytest.mark.parametrize(
    ("represents", "there", "code"),
    [
        ("TX", There(JANE, EARLIER), "payment_not_reversed"),
        ("TX", There(JANE, CAME_AGAIN), "payment_represented"),
        ("TX", There(JANE), "payment_not_found"),
    ],
)
def test_only_a_reversed_payment_comes_again_and_only_once(represents: str, there: There, code: str) -> None:
    for found in (find_represented, find_target):
        refusal = found(asked(external_reference="TX-2", represents=represents), there)
        assert isinstance(refusal, Refusal)
        assert (refusal.code, refusal.pointer) == (code, "/represents")
    assert find_represented(asked(), there) is None


def test_a_reference_that_is_used_is_free_only_for_what_represents_the_payment_that_has_it() -> None:
    for name in ("TX", BOUNCED.of.id):
        again = asked(represents=name)
        assert find_represented(again, There(JANE, BOUNCED)) is BOUNCED
        assert find_target(again, There(JANE, BOUNCED)) is JANE
    other = reversed_(Record(taken(asked(external_reference="TX-9"), JANE), head=Head(), events=1))
    for new in (asked(), asked(represents="TX-9")):
        taken_ = find_target(new, There(JANE, BOUNCED, other))
        assert isinstance(taken_, Refusal)
        assert (taken_.code, taken_.pointer) == ("external_reference_taken", "/external_reference")
    another = find_target(asked(external_reference="TX-2", represents="TX"), There(JANE, BOUNCED))
    assert isinstance(another, Refusal)
    assert (another.code, another.rule) == ("validation_failed", "other_reference")


def test_a_payment_that_comes_again_and_the_one_that_bounced_name_each_other() -> None:
    outcome = make_payment(asked(represents="TX"), JANE, [], BOUNCED, None, CAUSE)
    assert isinstance(outcome, MadePayment)
    new, old = outcome.payment.after.of, outcome.represented
    assert old
    assert (new.represents, new.represented_by, old.before) == (BOUNCED.of.id, None, BOUNCED)
    assert old.after.of == structs.replace(BOUNCED.of, represented_by=new.id)
    assert old.entries == ()
    assert made(asked(), JANE).represented is None


@pytest.mark.parametrize(
    ("target", "amount", "held"),
    [
        (bill(500, default=rules(over=False)), 800, 300),
        (bill(500, default=rules(over=False)), 500, 0),
        (bill(500, default=rules(under=False)), 499, 499),
        (bill(500, default=ANY), 1001, 1001),
        (customer(None), 300, 300),
        (bill(500, default=ANY, status="voided"), 300, 300),
        (bill(500, default=ANY, currency="USD"), 300, 300),
    ],
)
def test_what_is_not_taken_is_held_and_the_payments_own_ledger_says_so(target: Owed, amount: int, held: int) -> None:
    outcome = made(asked(amount, rest="hold"), target)
    payment = outcome.payment.after.of
    assert (payment.amount, payment.amount_unapplied, payment.amount_refunded) == (amount, held, 0)
    assert sum(one.amount for one in payment.applications) == amount - held
    assert [paid.entries[0].amount for paid in outcome.paid] == ([amount - held] if amount > held else [])
    told = [(entry.kind, entry.amount, entry.balance_after) for entry in outcome.payment.entries]
    assert told == ([("hold", held, held)] if held else [])
    assert unbroken(outcome.payment.entries)
    assert {(one.owner_id, one.payment_id) for one in outcome.payment.entries} <= {(payment.id, payment.id)}
    assert outcome.payment.after.head == head_of(outcome.payment.entries)


def test_a_payment_is_listed_under_all_that_any_of_it_went_to() -> None:
    of_another = bill(100, default=ANY, id="bill_b", account_id="bacc_2")
    outcome = made(asked(allocation="oldest_due_first"), JANE, of_another, bill(100, default=ANY, id="bill_c"))
    payment = outcome.payment.after.of
    assert (payment.customer_id, {*payment.linked_to}) == ("bcus_jane", {"bill_b", "bacc_2", "bill_c"})
    assert (
        taken(asked(account="UAR"), FIBRE).linked_to
        == made(asked(rest="hold"), customer(None)).payment.after.of.linked_to
        == []
    )


def test_what_a_payment_has_somewhere_is_what_is_live_of_it_there() -> None:
    one, other = bill(100, default=ANY, id="bill_b"), bill(100, default=ANY, id="bill_c")
    payment = taken(asked(allocation="oldest_due_first"), JANE, one, other)
    first, *rest = payment.applications
    less = structs.replace(payment, applications=[structs.replace(first, released=60), *rest, first])
    assert [less.applied_to(owner) for owner in ("bill_b", "bill_c", "bcus_jane", "bill_x")] == [140, 100, 100, 0]
    assert reversed_(Record(less)).of.applied_to("bill_b") == 0


@pytest.mark.parametrize(
    ("target", "named", "account_id", "bill_id"),
    [
        (JANE, {"customer": "JANE"}, None, None),
        (FIBRE, {"account": "UAR"}, "bacc_1", None),
        (INV, {"bill": "INV"}, None, "bill_1"),
        (OF_FIBRE, {"bill": "INV"}, "bacc_1", "bill_1"),
    ],
)
def test_a_payment_says_whose_it_is_and_what_it_was_for(
    target: Owed, named: dict[str, Any], account_id: str | None, bill_id: str | None
) -> None:
    payment = taken(asked(**named), target)
    assert (payment.customer_id, payment.account_id, payment.bill_id) == ("bcus_jane", account_id, bill_id)
    assert (payment.status, payment.reversal, payment.amount, payment.currency) == ("applied", None, 300, "ZAR")
    [application] = payment.applications
    assert (application.owner_id, application.amount) == (target.of.id, 300)


def test_a_payment_of_an_account_over_its_bills_is_the_accounts() -> None:
    payment = taken(asked(account="UAR", allocation="oldest_due_first"), FIBRE, OF_FIBRE)
    assert (payment.account_id, payment.bill_id) == ("bacc_1", None)
    assert [application.owner_id for application in payment.applications] == ["bill_1"]


@pytest.mark.parametrize("target", [JANE, FIBRE])
@pytest.mark.parametrize(("amount", "after"), [(1, 499), (500, 0), (501, -1)])
def test_a_balance_falls_and_what_is_paid_above_it_is_credit(target: Owed, amount: int, after: int) -> None:
    [paid] = made(asked(amount), target).paid
    assert paid.before is target
    assert not isinstance(paid.after.of, Bill)
    assert paid.after.of.balance == after
    [entry] = paid.entries
    assert (entry.kind, entry.amount, entry.balance_after, entry.currency) == ("payment", -amount, after, "ZAR")
    assert (entry.number, entry.owner_id) == (2, target.of.id)


@pytest.mark.parametrize(("amount", "status"), [(499, "unpaid"), (500, "paid"), (501, "paid")])
def test_what_was_paid_of_a_bill_rises_and_its_status_follows(amount: int, status: str) -> None:
    [paid] = made(asked(amount, bill="INV"), bill(500, paid=40, default=ANY)).paid
    assert isinstance(paid.after.of, Bill)
    assert (paid.after.of.amount_paid, paid.after.of.status) == (40 + amount, status)
    assert paid.after.of.outstanding == max(0, 500 - amount)
    [entry] = paid.entries
    assert (entry.kind, entry.amount, entry.balance_after, entry.number) == ("payment", amount, 40 + amount, 2)


def test_a_payment_in_parts_writes_one_entry_for_each_and_all_of_them_name_it() -> None:
    first, second = bill(100, default=ANY, id="bill_a"), bill(100, default=ANY, id="bill_b")
    wanted = asked(parts=[Part(bill="A", amount=60), Part(bill="B", amount=70)])
    outcome = made(wanted, Record(JANE.of, ANY, Head(), 1), first, second)
    shares = [("bill_a", 60), ("bill_b", 70), ("bcus_jane", 170)]
    assert [(one.owner_id, one.amount) for one in outcome.payment.after.of.applications] == shares
    assert len({one.id for one in outcome.payment.after.of.applications}) == 3
    assert [(paid.after.of.id, len(paid.entries)) for paid in outcome.paid] == [(owner, 1) for owner, _ in shares]
    assert {paid.entries[0].payment_id for paid in outcome.paid} == {outcome.payment.after.of.id}
    assert all(unbroken(paid.entries) for paid in outcome.paid if paid.before and paid.before.head == Head())


def test_a_part_that_is_refused_leaves_nothing_paid() -> None:
    wanted = asked(parts=[Part(bill="A", amount=60), Part(bill="B", amount=70)])
    outcome = make_payment(wanted, JANE, [bill(100, default=ANY), None], None, None, CAUSE)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "bill_not_found"


def test_a_bill_that_is_open_no_more_is_left_out_of_the_spread() -> None:
    outcome = made(asked(allocation="oldest_due_first"), JANE, None, bill(100, default=ANY, id="bill_b"))
    assert [one.owner_id for one in outcome.payment.after.of.applications] == ["bill_b", "bcus_jane"]


def test_a_payment_keeps_what_it_was_sent_with() -> None:
    earlier = datetime(2026, 1, 2, 2, 0, tzinfo=timezone(timedelta(hours=2)))
    request = asked(method="cash", paid_at=earlier, metadata={"till": "4"})
    outcome = make_payment(request, JANE, [], None, "key_till", CAUSE)
    assert isinstance(outcome, MadePayment)
    payment = outcome.payment.after.of
    assert (payment.method, payment.metadata, payment.collector_id) == ("cash", {"till": "4"}, "key_till")
    assert payment.external_reference == "TX"
    assert (payment.paid_at, payment.paid_at.tzinfo) == (earlier, UTC)
    assert outcome.paid[0].entries[0].created_at == CAUSE.now


@pytest.mark.parametrize(
    ("zone", "last"),
    [
        ("UTC", "2026-01-06T23:59:59+00:00"),
        ("Pacific/Kiritimati", "2026-01-06T23:59:59+14:00"),
        ("America/Los_Angeles", "2026-01-06T23:59:59-08:00"),
    ],
)
def test_a_payment_may_be_of_tomorrow_where_the_merchant_is_and_of_no_later_day(zone: str, last: str) -> None:
    there = structs.replace(CAUSE, time_zone=zone)
    paid_at = datetime.fromisoformat(last)
    assert isinstance(make_payment(asked(paid_at=paid_at), JANE, [], None, None, there), MadePayment)
    refused = make_payment(asked(paid_at=paid_at + timedelta(seconds=1)), JANE, [], None, None, there)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.pointer, refused.rule) == ("validation_failed", "/paid_at", "after_tomorrow")
    assert "2026-01-06" in refused.detail


def test_a_payment_without_its_own_time_was_paid_now() -> None:
    payment = taken(asked(metadata={}), JANE)
    assert (payment.paid_at, payment.metadata, payment.method, payment.collector_id) == (CAUSE.now, None, None, None)
