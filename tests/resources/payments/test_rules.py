"""What the payment rules refuse, and where they are set."""

from typing import Any

import pytest

from tests.resources.payments.paying import DEFAULTS, STANDARD, new_account, new_bill, pay, refused, reverse, shown
from tests.running import Caller

OWED = 150_000
"""What every bill here is over."""

WHOLE = STANDARD | {"underpayment_allowed": False}
OPEN = STANDARD | {"overpayment_allowed": True}


@pytest.mark.parametrize(
    ("rules", "changes", "code", "pointer"),
    [
        (STANDARD, {"currency": "USD"}, "currency_mismatch", "/currency"),
        (STANDARD, {"amount": 99}, "payment_below_minimum", "/amount"),
        (STANDARD | {"max_amount": 1_000}, {"amount": 1_001}, "payment_above_maximum", "/amount"),
        (WHOLE, {"amount": OWED - 1}, "underpayment_not_allowed", "/amount"),
        (STANDARD, {"amount": OWED + 1}, "overpayment_not_allowed", "/amount"),
        (WHOLE | {"max_amount": 1_000}, {"amount": 2_000}, "payment_above_maximum", "/amount"),
        (WHOLE, {"currency": "USD", "amount": 1}, "currency_mismatch", "/currency"),
    ],
)
def test_a_refusal_tells_what_is_outstanding_and_the_rules(
    alice: Caller, rules: dict[str, Any], changes: dict[str, Any], code: str, pointer: str
) -> None:
    bill = new_bill(alice, payment_rules=rules)
    account = new_account(alice, OWED, payment_rules=rules)
    for owner in ({"bill": bill["id"]}, {"account": account["id"]}):
        answer = pay(alice, **owner, **changes)
        problem = answer.json()
        assert (*refused(answer), problem["pointer"]) == (422, code, pointer)
        assert (problem["outstanding"], problem["payment_rules"]) == (OWED, rules)
        assert "etag" not in answer.headers
    assert [shown(alice, bill), shown(alice, account)] == [bill, account]


@pytest.mark.parametrize(
    ("rules", "amount"),
    [
        (STANDARD, 100),
        (STANDARD | {"max_amount": 1_000}, 1_000),
        (WHOLE, OWED),
        (STANDARD | {"min_amount": 200_000}, OWED),  # exactly what is outstanding
        (OPEN, 500_000),
    ],
)
def test_what_is_just_within_the_rules_is_taken(alice: Caller, rules: dict[str, Any], amount: int) -> None:
    bill = new_bill(alice, payment_rules=rules)
    assert pay(alice, bill=bill["id"], amount=amount).status_code == 201
    assert shown(alice, bill)["amount_paid"] == amount


def test_the_little_that_is_left_below_the_minimum_can_be_paid_exactly(alice: Caller) -> None:
    bill = new_bill(alice, payment_rules=STANDARD)
    assert pay(alice, bill=bill["id"], amount=OWED - 50).status_code == 201
    for amount in (1, 49, 51):
        answer = pay(alice, bill=bill["id"], amount=amount)
        assert refused(answer) == (422, "payment_below_minimum")
        assert answer.json()["outstanding"] == 50
    assert pay(alice, bill=bill["id"], amount=50).json()["status"] == "applied"
    assert shown(alice, bill)["status"] == "paid"


def test_what_tracks_no_balance_cannot_be_paid(alice: Caller) -> None:
    account = new_account(alice, None)
    for owner in ({"account": account["id"]}, {"customer": account["customer_id"]}):
        problem = pay(alice, **owner)
        assert refused(problem) == (422, "payment_not_allowed")
        assert not {"outstanding", "payment_rules"} & problem.json().keys(), "there are none"


def test_a_voided_bill_cannot_be_paid(alice: Caller) -> None:
    bill = new_bill(alice)
    alice.post(f"/billing/bills/{bill['id']}/void", {})
    assert refused(pay(alice, bill=bill["id"])) == (409, "bill_voided")


def test_a_paid_bill_takes_nothing_more_unless_its_rules_say_so(alice: Caller) -> None:
    paid = new_bill(alice)
    assert pay(alice, bill=paid["id"], amount=OWED).status_code == 201
    assert refused(pay(alice, bill=paid["id"])) == (422, "overpayment_not_allowed")
    alice.patch(f"/billing/bills/{paid['id']}", {"payment_rules": OPEN})
    assert pay(alice, bill=paid["id"]).status_code == 201
    assert shown(alice, paid)["amount_remaining"] == 0


def test_what_does_not_exist_cannot_be_paid(alice: Caller) -> None:
    for kind in ("bill", "account", "customer"):
        answer = pay(alice, **{kind: "nothing"})
        assert (*refused(answer), answer.json()["pointer"]) == (404, f"{kind}_not_found", f"/{kind}")


def test_parts_are_bills_of_the_one_who_pays(alice: Caller) -> None:
    account, others = new_account(alice), new_bill(alice)
    answer = pay(alice, account=account["id"], parts=[{"bill": others["id"], "amount": 500}])
    assert (*refused(answer), answer.json()["pointer"]) == (422, "owner_mismatch", "/parts/0/bill")


def test_the_rules_of_a_bill_can_be_changed_and_given_up(alice: Caller) -> None:
    bill = new_bill(alice)
    path = f"/billing/bills/{bill['id']}"
    assert bill["payment_rules"] == DEFAULTS, "those of the merchant"
    changed = alice.patch(path, {"payment_rules": WHOLE})
    assert (changed.status_code, changed.json()) == (200, bill | {"payment_rules": WHOLE})
    assert refused(pay(alice, bill=bill["id"])) == (422, "underpayment_not_allowed")
    assert alice.patch(path, {"metadata": {"a": "b"}}).json()["payment_rules"] == WHOLE, "they stay"
    assert alice.patch(path, {"payment_rules": None}).json()["payment_rules"] == DEFAULTS
    assert pay(alice, bill=bill["id"]).status_code == 201


def test_a_minimum_above_the_maximum_is_refused_wherever_it_is_set(alice: Caller) -> None:
    account, bill = new_account(alice), new_bill(alice)
    senseless: dict[str, Any] = {"payment_rules": STANDARD | {"min_amount": 500_001}}
    answers = [
        alice.register_customer(currency="ZAR", balance=1, **senseless),
        alice.open_account(currency="ZAR", balance=1, **senseless),
        alice.make_bill(**senseless),
        alice.patch(f"/billing/customers/{account['customer_id']}", senseless),
        alice.patch(f"/billing/accounts/{account['id']}", senseless),
        alice.patch(f"/billing/bills/{bill['id']}", senseless),
    ]
    for answer in answers:
        assert answer.status_code == 400
        [broken] = answer.json()["errors"]
        assert (broken["pointer"], broken["code"]) == ("/payment_rules/min_amount", "min_above_max")
    assert [shown(alice, account), shown(alice, bill)] == [account, bill]


def test_the_oldest_due_is_paid_first_and_the_rest_is_credit(alice: Caller) -> None:
    account = new_account(alice, 0, payment_rules=OPEN)
    dates = {"late": "2026-03-31", "early": "2026-02-28", "never": None}
    bills = {
        name: new_bill(alice, account=account["id"], bill_date="2026-01-05", **{"due_date": due} if due else {})
        for name, due in dates.items()
    }
    payment = pay(alice, account=account["id"], amount=400_000, allocation="oldest_due_first").json()
    applied = [(one["bill_id"], one["amount"]) for one in payment["applications"]]
    assert applied == [(bills["early"]["id"], OWED), (bills["late"]["id"], OWED), (bills["never"]["id"], 100_000)]
    rest = pay(alice, account=account["id"], amount=60_000, allocation="oldest_due_first").json()
    assert [one["amount"] for one in rest["applications"]] == [50_000, 10_000]
    assert shown(alice, account)["balance"] == -10_000
    for one in (payment, rest):
        assert reverse(alice, one["id"]).status_code == 200
    assert [shown(alice, thing) for thing in (account, *bills.values())] == [account, *bills.values()]
