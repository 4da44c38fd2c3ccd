"""Held money, refunds, credits and payments that come again, at two processes in the same instant: one outcome each."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Merchant, findings
from tests.journeys.journal import SOAK
from tests.journeys.tills import Tills, Wish, outcomes, pay, reverse, void
from tests.resources.payments.paying import new_bill, shown
from tests.running import Caller, RunningServer, new_reference

pytestmark = pytest.mark.soak

ROUNDS = 60 if SOAK else 3


@pytest.fixture(params=[1, 2], ids=["one process", "two processes"])
def tills(
    request: pytest.FixtureRequest, server: RunningServer, second_server: RunningServer, merchant: Merchant
) -> Tills:
    """One or two processes, one database."""
    return Tills([server.base, second_server.base][: request.param], merchant.key())


@pytest.fixture(autouse=True, scope="module")
def _verified(database_url: str) -> Iterator[None]:
    """After all of them, the books are right."""
    yield
    assert findings(database_url) == []


def held(alice: Caller, amount: int, applied: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """A bill of `applied` cents (at least one, which is paid) and a payment of which `amount` more is held."""
    bill = new_bill(alice, amount_due=max(1, applied))
    body = {"bill": bill["id"], "amount": bill["amount_due"] + amount, "currency": "ZAR", "rest": "hold"}
    payment = alice.post("/billing/payments", body | {"external_reference": new_reference("EFT")})
    assert payment.status_code == 201, payment.text
    return bill, payment.json()


def below(payment: dict[str, Any], what: str, body: Any) -> Wish:
    """POST /billing/payments/{payment}/…"""
    return Wish(f"/billing/payments/{payment['id']}/{what}", body)


def refund(payment: dict[str, Any], amount: int) -> Wish:
    """To refund so much."""
    return below(payment, "refunds", {"amount": amount, "external_reference": new_reference("RF")})


def apply(payment: dict[str, Any], bill: dict[str, Any], amount: int) -> Wish:
    """To apply so much to a bill."""
    return below(payment, "applications", {"parts": [{"bill": bill["id"], "amount": amount}]})


def credit(bill: dict[str, Any], amount: int) -> Wish:
    """To lower a bill by so much."""
    return Wish(f"/billing/bills/{bill['id']}/credits", {"amount": amount, "kind": "credit_note", "reason": "Noise"})


def adds_up(alice: Caller, payment: dict[str, Any]) -> dict[str, Any]:
    """The payment, all of which is somewhere."""
    now = shown(alice, payment)
    parts = [one["amount"] for one in now["applications"]]
    if now["status"] == "applied":
        assert sum(parts) + now.get("amount_unapplied", 0) + now.get("amount_refunded", 0) == now["amount"]
    return now


def test_what_is_held_is_refunded_once(tills: Tills, alice: Caller) -> None:
    for _ in range(ROUNDS):
        _, payment = held(alice, 1_000)
        answers = tills.at_once(*[refund(payment, 600) for _ in range(6)])
        assert outcomes(answers) == {(201, None): 1, (422, "refund_exceeds_unapplied"): 5}
        assert adds_up(alice, payment)["amount_refunded"] == 600


def test_what_is_held_is_applied_once(tills: Tills, alice: Caller) -> None:
    for _ in range(ROUNDS):
        _, payment = held(alice, 1_000)
        bills = [new_bill(alice, amount_due=1_000) for _ in range(2)]
        answers = tills.at_once(*[apply(payment, bills[number // 2 % 2], 1_000) for number in range(6)])
        codes = outcomes(answers)
        assert codes[200, None] == 1
        assert sum(codes.values()) - 1 == codes[422, "application_exceeds_unapplied"]
        assert sorted(shown(alice, bill)["amount_paid"] for bill in bills) == [0, 1_000]
        adds_up(alice, payment)


def test_what_is_held_is_refunded_or_taken_back_with_the_payment(tills: Tills, alice: Caller) -> None:
    for _ in range(ROUNDS):
        bill, payment = held(alice, 1_000, applied=500)
        refunded, reversed_ = tills.at_once(refund(payment, 1_000), reverse(payment["id"]))
        assert reversed_.status == 200, reversed_
        assert (refunded.status, refunded.code) in {(201, None), (409, "payment_reversed")}
        lost = [{"amount": 1_000, "reason": "refunded"}] if refunded.status == 201 else None
        assert adds_up(alice, payment)["reversal"].get("not_restored") == lost
        assert shown(alice, bill)["amount_paid"] == 0


def test_what_is_applied_while_its_payment_bounces_stays_nowhere(tills: Tills, alice: Caller) -> None:
    for _ in range(ROUNDS):
        first, payment = held(alice, 1_000, applied=500)
        bill = new_bill(alice, amount_due=1_000)
        taken_back = below(payment, "unapply", {"bill": first["id"]})
        reversed_, applied, unapplied = tills.at_once(reverse(payment["id"]), apply(payment, bill, 1_000), taken_back)
        assert reversed_.status == 200, reversed_
        assert (applied.status, applied.code) in {(200, None), (409, "payment_reversed")}
        assert (unapplied.status, unapplied.code) in {(200, None), (409, "payment_reversed")}
        assert "not_restored" not in shown(alice, payment)["reversal"]
        assert [shown(alice, one)["amount_paid"] for one in (first, bill)] == [0, 0]


def test_a_bill_is_voided_or_credited_first(tills: Tills, alice: Caller) -> None:
    for _ in range(ROUNDS):
        bill = new_bill(alice, amount_due=1_000)
        voided, credited = tills.at_once(void(bill["id"]), credit(bill, 400))
        assert voided.status == 200, voided
        assert (credited.status, credited.code) in {(201, None), (409, "bill_voided")}
        assert shown(alice, bill).get("amount_credited", 0) == (400 if credited.status == 201 else 0)


def test_credits_and_payments_of_one_bill_leave_nothing_overpaid_on_it(tills: Tills, alice: Caller) -> None:
    for _ in range(ROUNDS):
        bill = new_bill(alice, amount_due=1_000)
        first = alice.post(
            "/billing/payments",
            {"bill": bill["id"], "amount": 600, "currency": "ZAR", "external_reference": new_reference("EFT")},
        ).json()
        answers = tills.at_once(
            credit(bill, 300), pay(400, bill=bill["id"], rest="hold"), credit(bill, 300), credit(bill, 500)
        )
        assert outcomes(answers[1:2]) == {(201, None): 1}
        credited = sum(
            answer.json["amount"]
            for answer in answers
            if "bill_id" in answer.json and answer.status == 201 and "kind" in answer.json
        )
        assert {answer.status for answer in answers} <= {201, 422}
        now = shown(alice, bill)
        assert now.get("amount_credited", 0) == credited
        assert now["amount_paid"] + credited == 1_000
        payments = [adds_up(alice, one) for one in (first, answers[1].json)]
        assert sum(one["amount"] for payment in payments for one in payment["applications"]) == now["amount_paid"]


def test_a_payment_comes_again_once(tills: Tills, alice: Caller) -> None:
    for _ in range(ROUNDS):
        bill = new_bill(alice, amount_due=10_000)
        reference = new_reference("EFT")
        [first] = tills.at_once(pay(1_000, bill=bill["id"], external_reference=reference))
        assert alice.post(f"/billing/payments/{reference}/reverse", {"reason": "bounced"}).status_code == 200
        again = [
            pay(1_000, bill=bill["id"], external_reference=reference, represents=first.json["id"]) for _ in range(6)
        ]
        assert outcomes(tills.at_once(*again)) == {(201, None): 1, (409, "external_reference_taken"): 5}
        assert shown(alice, bill)["amount_paid"] == 1_000


def test_a_credit_is_taken_back_once(tills: Tills, alice: Caller) -> None:
    for _ in range(ROUNDS):
        bill = new_bill(alice, amount_due=1_000)
        [given] = tills.at_once(credit(bill, 400))
        undo = Wish(f"/billing/bills/{bill['id']}/credits/{given.json['id']}/reverse", {})
        answers = tills.at_once(*[undo] * 4)
        assert outcomes(answers) == {(200, None): 1, (409, "credit_reversed"): 3}
        assert shown(alice, bill) == bill
