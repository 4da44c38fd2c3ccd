"""A payment: for whom it is, what is made of it, and what it is refused for first."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from dues.domain.allocation import Part
from dues.domain.bills import Bill
from dues.domain.money import AMOUNT_MAX
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Obligation
from dues.domain.payments import MadePayment, PaymentSurroundings, make_payment, refuse_before_rules
from dues.domain.refusals import Refusal
from tests.domain.owed import CAUSE, account, bill, customer, rules

ANY = rules(0, AMOUNT_MAX)


def asked(amount: int = 300, **more: Any) -> NewPayment:
    """A payment of an account, but for what is said."""
    named: dict[str, Any] = more if {"bill", "customer"} & more.keys() else {"account": "UAR", **more}
    return NewPayment(external_reference="EFT", amount=amount, currency="ZAR", **named)


def made(request: NewPayment, target: Obligation, bills: list[Obligation | None] | None = None) -> MadePayment:
    """The payment, which is taken."""
    outcome = make_payment(request, PaymentSurroundings(target, False, bills or []), "key_till", CAUSE)
    assert isinstance(outcome, MadePayment)
    return outcome


@pytest.mark.parametrize(
    ("owed", "ids"),
    [
        (bill(500, default=ANY), ("bcus_jane", None, "bill_1")),
        (bill(500, default=ANY, account_id="bacc_1"), ("bcus_jane", "bacc_1", "bill_1")),
        (account(500, ANY), ("bcus_jane", "bacc_1", None)),
        (customer(500, ANY), ("bcus_jane", None, None)),
    ],
)
def test_it_says_whose_it_is(owed: Obligation, ids: tuple[str, str | None, str | None]) -> None:
    named: dict[str, Any] = {owed.kind: owed.of.id}
    payment = made(asked(**named), owed).payment
    assert (payment.customer_id, payment.account_id, payment.bill_id) == ids
    assert (payment.status, payment.reversal, payment.collector_id) == ("applied", None, "key_till")
    [application] = payment.applications
    assert (application.owner_id, application.amount) == (owed.of.id, 300)
    assert application.id.startswith("ob_")


def test_a_balance_falls_and_what_was_paid_of_a_bill_rises() -> None:
    [of_account] = made(asked(), account(500, ANY)).paid
    [of_bill] = made(asked(bill="INV"), bill(500, 100, ANY)).paid
    assert not isinstance(of_account.after.of, Bill)
    assert of_account.after.of.balance == 200
    assert isinstance(of_bill.after.of, Bill)
    assert (of_bill.after.of.amount_paid, of_bill.after.of.status) == (400, "unpaid")
    for paid, amount in ((of_account, -300), (of_bill, 300)):
        [entry] = paid.entries
        assert (entry.kind, entry.amount, entry.owner_id) == ("payment", amount, paid.after.of.id)
        assert entry.payment_id
        assert entry.payment_id.startswith("pay_")


def test_more_than_is_outstanding_becomes_credit() -> None:
    [paid] = made(asked(amount=700), account(500, ANY)).paid
    assert not isinstance(paid.after.of, Bill)
    assert paid.after.of.balance == -200


def test_its_time_is_now_or_what_was_said_in_utc() -> None:
    assert made(asked(), account(500, ANY)).payment.paid_at == CAUSE.now
    there = datetime(2026, 1, 5, 11, 15, tzinfo=timezone(timedelta(hours=2)))
    assert made(asked(paid_at=there), account(500, ANY)).payment.paid_at.isoformat() == "2026-01-05T09:15:00+00:00"
    assert CAUSE.now.tzinfo is UTC


def test_parts_and_an_allocation_go_over_bills() -> None:
    bills: list[Obligation | None] = [bill(100, default=ANY, id=f"bill_{n}", account_id="bacc_1") for n in (1, 2)]
    by_name = asked(amount=150, parts=[Part(bill="bill_1", amount=70), Part(bill="bill_2", amount=80)])
    spread = made(by_name, account(0, ANY), bills)
    assert [(one.owner_id, one.amount) for one in spread.payment.applications] == [("bill_1", 70), ("bill_2", 80)]
    oldest = made(asked(amount=150, allocation="oldest_due_first"), account(0, ANY), bills)
    assert [(one.owner_id, one.amount) for one in oldest.payment.applications] == [("bill_1", 100), ("bill_2", 50)]
    assert len({one.id for one in oldest.payment.applications}) == 2


def test_what_is_wrong_with_it_is_said_in_this_order() -> None:
    there, nothing = account(500, ANY), PaymentSurroundings(None, False)

    def code(request: NewPayment, found: PaymentSurroundings) -> str | None:
        refusal = refuse_before_rules(request, found)
        return refusal.code if refusal else None

    assert code(asked(amount=AMOUNT_MAX + 1), PaymentSurroundings(None, True)) == "amount_out_of_range"
    assert code(asked(), PaymentSurroundings(None, True)) == "external_reference_taken"
    assert code(asked(), nothing) == "account_not_found"
    assert code(asked(bill="INV"), nothing) == "bill_not_found"
    assert code(asked(customer="JANE"), nothing) == "customer_not_found"
    assert code(asked(), PaymentSurroundings(there, False)) is None


def test_what_is_refused_is_not_made() -> None:
    outcome = make_payment(asked(), PaymentSurroundings(account(500), False), None, CAUSE)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "payment_not_allowed"
