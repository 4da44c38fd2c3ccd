"""GET /billing/{customers|accounts|bills}/{…}/payable, over HTTP: what it tells, and what its ETag is good for."""

from typing import Any

import pytest

from tests.conftest import Merchant
from tests.resources.payments.paying import STANDARD, new_account, new_bill, pay, payable, refused, reverse, shown
from tests.running import Caller, new_reference


def test_it_tells_what_is_outstanding_and_the_smallest_and_largest_payment(alice: Caller) -> None:
    customer = alice.register_customer(currency="ZAR", balance=3_000, name="Jane Doe").json()
    account = new_account(alice, customer=customer["id"])
    bill = new_bill(alice, account=account["id"])
    open_bills = {"open_bills": {"currency": "ZAR", "count": 1, "amount_remaining": 150_000}}
    for thing, outstanding, more in ((customer, 3_000, open_bills), (account, 3_000, open_bills), (bill, 150_000, {})):
        answer = payable(alice, thing)
        assert answer.status_code == 200
        assert (
            answer.json()
            == {
                "id": thing["id"],
                "external_reference": thing["external_reference"],
                "payable": True,
                "outstanding": outstanding,
                "currency": "ZAR",
                "min_amount": 1,
                "max_amount": outstanding,
                "name": "J*** D***",
            }
            | more
        )


@pytest.mark.parametrize(
    ("rules", "smallest", "largest"),
    [
        (STANDARD | {"max_amount": 5_000}, 100, 5_000),
        (STANDARD | {"underpayment_allowed": False}, 150_000, 150_000),
        (STANDARD | {"overpayment_allowed": True}, 100, 500_000),
        (STANDARD | {"min_amount": 200_000}, 150_000, 150_000),
    ],
)
def test_its_ends_are_taken_and_what_is_beyond_is_not(
    alice: Caller, rules: dict[str, Any], smallest: int, largest: int
) -> None:
    for amount, taken in ((smallest, True), (largest, True), (smallest - 1, False), (largest + 1, False)):
        bill = new_bill(alice, payment_rules=rules)
        told = payable(alice, bill).json()
        assert (told["min_amount"], told["max_amount"]) == (smallest, largest)
        assert (pay(alice, bill=bill["id"], amount=amount).status_code == 201) is taken


def test_where_nothing_can_be_paid_it_tells_what_a_payment_would_be_refused_for(alice: Caller) -> None:
    untracked, credit = new_account(alice, None), new_account(alice, -500)
    paid, voided = new_bill(alice), new_bill(alice)
    big = new_bill(alice, payment_rules=STANDARD | {"underpayment_allowed": False, "max_amount": 1_000})
    pay(alice, bill=paid["id"], amount=150_000)
    alice.post(f"/billing/bills/{voided['id']}/void", {})
    expected = [
        (untracked, "payment_not_allowed", None),
        (credit, "overpayment_not_allowed", 0),
        (paid, "overpayment_not_allowed", 0),
        (voided, "bill_voided", 0),
        (big, "payment_above_maximum", 150_000),
    ]
    for thing, code, outstanding in expected:
        told = payable(alice, thing).json()
        assert (told["payable"], told["reason"]["code"], told.get("outstanding")) == (False, code, outstanding)
        assert not {"min_amount", "max_amount"} & told.keys()
        kind = "bill" if thing["id"].startswith("bill_") else "account"
        refusal = pay(alice, amount=outstanding or 100, **{kind: thing["id"]}).json()
        assert (refusal["code"], refusal["detail"]) == (code, told["reason"]["detail"])


def test_what_was_seen_is_paid_only_while_it_is_still_so(alice: Caller) -> None:
    account = new_account(alice)
    bill = new_bill(alice, account=account["id"])
    customer = alice.register_customer(currency="ZAR", balance=3_000).json()
    for kind, thing in (("bill", bill), ("account", account), ("customer", customer)):
        tag = payable(alice, thing).headers["etag"]
        assert payable(alice, thing, If_None_Match=tag).status_code == 304
        reference = new_reference("EFT")
        paid = pay(alice, **{kind: thing["id"]}, if_match=tag)
        assert paid.status_code == 201
        stale = pay(alice, **{kind: thing["id"]}, external_reference=reference, if_match=tag)
        assert refused(stale) == (412, "etag_mismatch")
        assert payable(alice, thing, If_None_Match=tag).status_code == 200
        now = payable(alice, thing).headers["etag"]
        assert pay(alice, **{kind: thing["id"]}, external_reference=reference, if_match=now).status_code == 201
        assert pay(alice, **{kind: thing["id"]}, if_match="*").status_code == 201
    assert shown(alice, account)["balance"] == 0


def test_a_stale_tag_comes_before_the_rules_and_after_what_is_not_there(alice: Caller) -> None:
    bill = new_bill(alice)
    assert refused(pay(alice, bill=bill["id"], currency="USD", if_match='"old"')) == (412, "etag_mismatch")
    assert refused(pay(alice, bill="nothing", if_match='"old"')) == (404, "bill_not_found")


def test_the_tag_changes_only_where_a_payment_would_meet_something_else(alice: Caller) -> None:
    customer = alice.register_customer(name="Jane Doe").json()
    bill = new_bill(alice, customer=customer["id"])
    path = f"/billing/bills/{bill['id']}"
    tag = payable(alice, bill).headers["etag"]

    alice.patch(path, {"metadata": {"a": "b"}})
    alice.patch(f"/billing/customers/{customer['id']}", {"name": "John Roe"})
    same = payable(alice, bill)
    assert (same.json()["name"], same.headers["etag"]) == ("J*** R***", tag)
    payment = pay(alice, bill=bill["id"], if_match=tag).json()
    assert payable(alice, bill).headers["etag"] != tag
    reverse(alice, payment["id"])
    assert payable(alice, bill).headers["etag"] == tag, "it is as it was"
    alice.patch(path, {"payment_rules": STANDARD | {"min_amount": 200}})
    assert payable(alice, bill).headers["etag"] != tag


def test_strangers_see_nothing(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    account = new_account(alice)
    for thing, kind in ((account, "account"), (new_bill(alice), "bill")):
        for stranger in (mallory, merchant.caller("live")):
            assert refused(payable(stranger, thing)) == (404, f"{kind}_not_found")
        assert refused(payable(merchant.caller(kind="public"), thing)) == (403, "secret_key_required")
        assert refused(payable(Caller(merchant.base, None), thing)) == (401, "unauthorized")
