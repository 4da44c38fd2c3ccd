"""PATCH /billing/bills/{bill} and POST /billing/bills/{bill}/void."""

from typing import Any

import pytest

from tests.running import Caller


def refused(answer: Any) -> tuple[int, str]:
    """(status, code) of a problem."""
    return answer.status_code, answer.json()["code"]


def test_a_partial_payment_is_recorded_and_the_rest_remains(alice: Caller) -> None:
    bill = alice.make_bill().json()
    path = f"/billing/bills/{bill['id']}"

    part = alice.patch(path, {"amount_paid": 50_000}).json()
    assert (part["amount_paid"], part["amount_remaining"], part["status"]) == (50_000, 100_000, "unpaid")
    whole = alice.patch(path, {"amount_paid": 150_000, "currency": "ZAR"}).json()
    assert (whole["amount_paid"], whole["amount_remaining"], whole["status"]) == (150_000, 0, "paid")
    less = alice.patch(path, {"amount_paid": 149_999}).json()
    assert (less["amount_remaining"], less["status"]) == (1, "unpaid")
    assert alice.get(path).json() == less


def test_more_than_is_due_needs_rules_that_allow_it(alice: Caller) -> None:
    bill = alice.make_bill().json()
    answer = alice.patch(f"/billing/bills/{bill['id']}", {"amount_paid": 150_001})
    assert refused(answer) == (422, "overpayment_not_allowed")
    rules = {"min_amount": 1, "max_amount": 10**9, "underpayment_allowed": True, "overpayment_allowed": True}
    generous = alice.make_bill(payment_rules=rules).json()
    paid = alice.patch(f"/billing/bills/{generous['id']}", {"amount_paid": 150_001}).json()
    assert (paid["status"], paid["amount_remaining"]) == ("paid", 0)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"amount_due": 1}, "/amount_due", "read_only"),
        ({"status": "paid"}, "/status", "read_only"),
        ({"amount_paid": -1}, "/amount_paid", "too_small"),
        ({"amount_paid": None}, "/amount_paid", "wrong_type"),
        ({"due_date": None}, "/due_date", "read_only"),
        ({"colour": "red"}, "/colour", "unknown_field"),
    ],
)
def test_the_rest_of_a_bill_stays_as_it_is(alice: Caller, body: dict[str, Any], pointer: str, code: str) -> None:
    bill = alice.make_bill().json()
    answer = alice.patch(f"/billing/bills/{bill['id']}", body)
    assert answer.status_code == 400
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


def test_another_currency_is_a_mismatch(alice: Caller) -> None:
    bill = alice.make_bill().json()
    assert refused(alice.patch(f"/billing/bills/{bill['id']}", {"currency": "USD"})) == (422, "currency_mismatch")


def test_a_voided_bill_is_neither_paid_nor_changed_nor_voided_again(alice: Caller) -> None:
    bill = alice.make_bill().json()
    path = f"/billing/bills/{bill['id']}"
    voided = alice.http.post(f"{path}/void", headers={"Idempotency-Key": "void-it"})
    assert (voided.status_code, voided.json()["status"]) == (200, "voided")

    for body in ({"amount_paid": 1}, {"metadata": {"a": "b"}}, {}):
        assert refused(alice.patch(path, body)) == (409, "bill_voided")
    assert refused(alice.post(f"{path}/void", {})) == (409, "bill_voided")
    again = alice.http.post(f"{path}/void", headers={"Idempotency-Key": "void-it"})
    assert (again.status_code, again.content) == (200, voided.content)


@pytest.mark.parametrize("amount_paid", [1, 150_000])
def test_what_was_paid_or_part_paid_is_not_voided(alice: Caller, amount_paid: int) -> None:
    bill = alice.make_bill().json()
    path = f"/billing/bills/{bill['id']}"
    alice.patch(path, {"amount_paid": amount_paid})
    assert refused(alice.post(f"{path}/void", {})) == (409, "bill_paid")


def test_void_takes_no_body(alice: Caller) -> None:
    bill = alice.make_bill().json()
    assert refused(alice.post(f"/billing/bills/{bill['id']}/void", {"reason": "x"})) == (400, "validation_failed")


def test_strangers_cannot_touch_it(alice: Caller, mallory: Caller) -> None:
    bill = alice.make_bill().json()
    assert refused(mallory.patch(f"/billing/bills/{bill['id']}", {"amount_paid": 1})) == (404, "bill_not_found")
    assert refused(mallory.post(f"/billing/bills/{bill['id']}/void", {})) == (404, "bill_not_found")
    assert alice.get(f"/billing/bills/{bill['id']}").json() == bill
