"""GET …/payable: what can be paid now, or why nothing can; and the rules that it goes by."""

from typing import Any

import pytest

from tests.conftest import Merchant
from tests.resources.payments.paying import PATH, STANDARD, owing, paid, payment, refused, rules
from tests.running import Caller

KINDS = ["bill", "account", "customer"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_tells_the_smallest_and_the_largest(kind: str, alice: Caller) -> None:
    owed = owing(alice, kind, payment_rules=rules(min_amount=50, max_amount=700))
    seen = alice.get(f"/billing/{kind}s/{owed['external_reference']}/payable").json()
    assert seen == {
        "id": owed["id"],
        "external_reference": owed["external_reference"],
        "payable": True,
        "outstanding": 1_000,
        "currency": "ZAR",
        "min_amount": 50,
        "max_amount": 700,
    }
    for amount, status in ((49, 422), (50, 201), (700, 201), (701, 422)):
        fresh = owing(alice, kind, payment_rules=rules(min_amount=50, max_amount=700))
        assert alice.post(PATH, payment(amount, **{kind: fresh["id"]})).status_code == status


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"payment_rules": rules(max_amount=10, underpayment_allowed=False)}, "payment_above_maximum"),
        ({"payment_rules": rules(max_amount=0)}, "payment_above_maximum"),
    ],
)
def test_or_why_nothing_can_be_paid(changes: dict[str, Any], code: str, alice: Caller) -> None:
    bill = owing(alice, "bill", **changes)["id"]
    seen = alice.get(f"/billing/bills/{bill}/payable").json()
    assert (seen["payable"], seen["reason"]["code"]) == (False, code)
    assert "min_amount" not in seen
    assert "max_amount" not in seen


def test_what_is_paid_or_voided_or_not_tracked_says_so(alice: Caller) -> None:
    bill, voided = owing(alice, "bill")["id"], owing(alice, "bill")["id"]
    paid(alice, 1_000, bill=bill)
    alice.post(f"/billing/bills/{voided}/void", {})
    untracked = alice.open_account(currency="ZAR").json()["id"]
    reasons = [
        alice.get(f"/billing/{path}/payable").json()["reason"]["code"]
        for path in (f"bills/{bill}", f"bills/{voided}", f"accounts/{untracked}")
    ]
    assert reasons == ["overpayment_not_allowed", "bill_voided", "payment_not_allowed"]


def test_it_has_not_changed_until_it_has(alice: Caller) -> None:
    bill = owing(alice, "bill")["id"]
    path = f"/billing/bills/{bill}/payable"
    tag = alice.get(path).headers["ETag"]
    assert alice.get(path, If_None_Match=tag).status_code == 304
    paid(alice, 100, bill=bill)
    assert alice.get(path, If_None_Match=tag).status_code == 200


def test_a_name_of_nothing_but_space_is_none(alice: Caller) -> None:
    customer = alice.register_customer(name="  ", currency="ZAR", balance=5).json()["id"]
    assert "name" not in alice.get(f"/billing/customers/{customer}/payable").json()


@pytest.mark.parametrize("kind", KINDS)
def test_a_strangers_is_not_there(kind: str, alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    owed = owing(alice, kind)
    for stranger in (mallory, merchant.caller("live")):
        for name in (owed["id"], owed["external_reference"]):
            assert refused(stranger.get(f"/billing/{kind}s/{name}/payable")) == (404, f"{kind}_not_found")


@pytest.mark.parametrize("kind", KINDS)
def test_rules_that_contradict_each_other_are_refused_where_they_are_set(kind: str, alice: Caller) -> None:
    owed = owing(alice, kind)
    wrong = rules(min_amount=2, max_amount=1)
    make = {"bill": alice.make_bill, "account": alice.open_account, "customer": alice.register_customer}[kind]
    for answer in (alice.patch(f"/billing/{kind}s/{owed['id']}", {"payment_rules": wrong}), make(payment_rules=wrong)):
        assert refused(answer) == (400, "validation_failed")
        assert answer.json()["errors"][0]["pointer"].startswith("/payment_rules")


@pytest.mark.parametrize("kind", KINDS)
def test_its_own_rules_can_be_changed_and_taken_away(kind: str, alice: Caller) -> None:
    owed = owing(alice, kind)
    path = f"/billing/{kind}s/{owed['id']}"
    own = rules(min_amount=1)
    assert alice.patch(path, {"payment_rules": own}).json()["payment_rules"] == own
    paid(alice, 1, **{kind: owed["id"]})
    assert alice.patch(path, {"payment_rules": None}).json()["payment_rules"] == STANDARD
    assert refused(alice.post(PATH, payment(1, **{kind: owed["id"]}))) == (422, "payment_below_minimum")
