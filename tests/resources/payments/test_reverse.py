"""POST /billing/payments/{payment}/reverse, over HTTP."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dues.domain.money import AMOUNT_MAX
from tests.conftest import Ask, Merchant
from tests.resources.payments.paying import STANDARD, Event, events, new_account, new_bill, pay, refused, reverse, shown
from tests.running import Caller, new_key


def test_a_reversal_opens_the_bill_again_and_stays_to_be_seen(alice: Caller) -> None:
    bill = new_bill(alice)
    payment = pay(alice, bill=bill["id"], amount=150_000).json()
    answer = reverse(alice, payment["external_reference"], reason="fraud", note="Card was stolen")
    undone = answer.json()

    assert answer.status_code == 200
    at = undone["reversal"].pop("reversed_at")
    assert abs((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()) < 30
    assert undone == payment | {"status": "reversed", "reversal": {"reason": "fraud", "note": "Card was stolen"}}
    assert shown(alice, bill) == bill
    found = alice.get(f"/billing/payments/{payment['id']}")
    assert (found.content, found.headers["etag"]) == (answer.content, answer.headers["etag"])
    assert pay(alice, bill=bill["id"], amount=150_000).status_code == 201, "the payer may try again"


def test_each_application_is_taken_back_by_an_entry_of_its_own(alice: Caller) -> None:
    account = new_account(alice)
    bill = new_bill(alice, account=account["id"])
    parts = [{"bill": bill["id"], "amount": 150_000}]
    payment = pay(alice, account=account["id"], amount=152_000, parts=parts).json()
    assert reverse(alice, payment["id"]).status_code == 200

    assert [shown(alice, bill), shown(alice, account)] == [bill, account]
    back, paid, _ = alice.everything(f"/billing/accounts/{account['id']}/entries")
    assert (paid["kind"], paid["amount"], paid["balance_after"]) == ("payment", -2_000, 1_000)
    assert (back["kind"], back["amount"], back["balance_after"]) == ("reversal", 2_000, 3_000)
    assert {one["caused_by"]["payment_id"] for one in (back, paid)} == {payment["id"]}
    assert back["reason"] == "bounced"


def test_a_credit_is_taken_back_to_what_was_owed(alice: Caller) -> None:
    account = new_account(alice, 3_000, payment_rules=STANDARD | {"overpayment_allowed": True})
    payment = pay(alice, account=account["id"], amount=10_000).json()
    reverse(alice, payment["id"])
    assert shown(alice, account) == account


def test_a_payment_is_taken_back_once(alice: Caller) -> None:
    bill, key = new_bill(alice), new_key()
    payment = pay(alice, bill=bill["id"]).json()
    first, again = (reverse(alice, payment["id"], key) for _ in range(2))
    assert (again.status_code, again.content, again.headers["etag"]) == (200, first.content, first.headers["etag"])
    assert again.headers["idempotent-replayed"] == "true"
    assert refused(reverse(alice, payment["id"])) == (409, "payment_reversed")
    assert shown(alice, bill) == bill
    reference = payment["external_reference"]
    taken = pay(alice, bill=bill["id"], external_reference=reference)
    assert refused(taken) == (409, "external_reference_taken"), "the reference is spent for good"


def test_the_payment_is_taken_back_only_if_it_is_what_was_seen(alice: Caller) -> None:
    answer = pay(alice, bill=new_bill(alice)["id"])
    payment, tag = answer.json()["id"], answer.headers["etag"]
    assert refused(reverse(alice, payment, if_match='"old"')) == (412, "etag_mismatch")
    assert shown(alice, answer.json())["status"] == "applied"
    assert reverse(alice, payment, if_match=tag).status_code == 200
    assert alice.get(f"/billing/payments/{payment}").headers["etag"] != tag


def test_the_events_tell_of_it(alice: Caller, ask: Ask[list[Event]]) -> None:
    bill = new_bill(alice)
    payment = pay(alice, bill=bill["id"], amount=150_000).json()
    undone = reverse(alice, payment["id"]).json()

    names = [name for name, *_ in events(ask, payment["id"])]
    assert names == ["obligation.amount_applied", "payment.reversed"]
    assert events(ask, payment["id"])[-1][2] == undone
    name, _, data = events(ask, bill["id"])[-1]
    assert (name, data) == ("bill.updated", bill)


def test_the_hand_of_a_clerk_does_not_stand_in_its_way(alice: Caller, ask: Ask[list[Event]]) -> None:
    bills = [new_bill(alice, amount_due=1_000) for _ in range(2)]
    untracked, other, full = (new_account(alice) for _ in range(3))
    for bill in bills:
        answer = alice.patch(f"/billing/bills/{bill['id']}", {"amount_paid": 400})
        assert answer.status_code == 200
    payments = [
        pay(alice, bill=bills[0]["id"], amount=600).json(),
        *(pay(alice, account=account["id"]).json() for account in (untracked, other, full)),
    ]
    alice.patch(f"/billing/bills/{bills[0]['id']}", {"amount_paid": 600})
    alice.patch(f"/billing/accounts/{untracked['id']}", {"balance": None})
    alice.patch(f"/billing/accounts/{other['id']}", {"currency": "USD", "balance": 5})
    alice.patch(f"/billing/accounts/{full['id']}", {"balance": AMOUNT_MAX - 999})

    undone = [reverse(alice, payment["id"]).json() for payment in payments]
    assert [one["status"] for one in undone] == ["reversed"] * 4
    assert [one["reversal"].get("not_restored") for one in undone] == [
        None,
        [{"amount": 1_000, "reason": "balance_not_tracked", "account_id": untracked["id"]}],
        [{"amount": 1_000, "reason": "currency_mismatch", "account_id": other["id"]}],
        [{"amount": 1_000, "reason": "amount_out_of_range", "account_id": full["id"]}],
    ]
    assert [shown(alice, payment) for payment in payments] == undone
    for payment, one in zip(payments, undone, strict=True):
        assert events(ask, payment["id"])[-1] == ("payment.reversed", payment["id"], one), "and it is told"
    assert shown(alice, bills[0]) == bills[0]
    assert "balance" not in shown(alice, untracked)
    assert [shown(alice, one)["balance"] for one in (other, full)] == [5, AMOUNT_MAX - 999]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/reason", "required"),
        ({"reason": "regret"}, "/reason", "unknown_value"),
        ({"reason": "other", "note": ""}, "/note", "too_short"),
        ({"reason": "other", "amount": 5}, "/amount", "unknown_field"),
    ],
)
def test_a_body_that_cannot_be_meant_is_refused(alice: Caller, body: dict[str, Any], pointer: str, code: str) -> None:
    payment = pay(alice, bill=new_bill(alice)["id"]).json()
    answer = alice.post(f"/billing/payments/{payment['id']}/reverse", body)
    assert answer.status_code == 400
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
    assert shown(alice, payment) == payment


def test_strangers_take_nothing_back(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    payment = pay(alice, bill=new_bill(alice)["id"]).json()
    for stranger in (mallory, merchant.caller("live")):
        for name in ("id", "external_reference"):
            assert refused(reverse(stranger, payment[name])) == (404, "payment_not_found")
    assert refused(reverse(merchant.caller(kind="public"), payment["id"])) == (403, "secret_key_required")
    assert refused(reverse(Caller(merchant.base, None), payment["id"])) == (401, "unauthorized")
    assert shown(alice, payment) == payment
