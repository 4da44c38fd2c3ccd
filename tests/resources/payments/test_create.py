"""POST /billing/payments, over HTTP."""

from datetime import datetime
from typing import Any

import pytest

from tests.conftest import Ask, Merchant
from tests.resources.payments.paying import STANDARD, Event, events, new_account, new_bill, pay, refused, shown
from tests.running import Caller, new_key, new_reference


def test_a_bill_is_paid_in_part_and_then_whole(alice: Caller) -> None:
    account = new_account(alice)
    bill = new_bill(alice, account=account["id"])
    answer = pay(alice, bill=bill["external_reference"], amount=50_000, method="eft", metadata={"branch": "7"})
    payment = answer.json()

    assert answer.status_code == 201
    assert payment["id"].startswith("pay_")
    assert payment["applications"][0].pop("id").startswith("ob_")
    assert payment == {
        "id": payment["id"],
        "external_reference": payment["external_reference"],
        "amount": 50_000,
        "currency": "ZAR",
        "status": "applied",
        "customer_id": account["customer_id"],
        "account_id": account["id"],
        "bill_id": bill["id"],
        "applications": [{"amount": 50_000, "bill_id": bill["id"]}],
        "method": "eft",
        "paid_at": payment["paid_at"],
        "metadata": {"branch": "7"},
    }
    assert shown(alice, bill) == bill | {"amount_paid": 50_000, "amount_remaining": 100_000}
    assert pay(alice, bill=bill["id"], amount=100_000).status_code == 201
    assert shown(alice, bill) == bill | {"amount_paid": 150_000, "amount_remaining": 0, "status": "paid"}
    assert shown(alice, account) == account, "a bill's payment is none of its account's balance"


@pytest.mark.parametrize("kind", ["account", "customer"])
def test_a_balance_falls_by_what_was_paid_and_has_an_entry_of_it(alice: Caller, kind: str) -> None:
    make = alice.open_account if kind == "account" else alice.register_customer
    owner = make(currency="ZAR", balance=3_000).json()
    payment = pay(alice, amount=1_000, **{kind: owner["external_reference"]}).json()

    assert shown(alice, owner)["balance"] == 2_000
    assert [one[f"{kind}_id"] for one in payment["applications"]] == [owner["id"]]
    newest = alice.everything(f"/billing/{kind}s/{owner['id']}/entries")[0]
    assert (newest["kind"], newest["amount"], newest["balance_after"]) == ("payment", -1_000, 2_000)
    assert newest["caused_by"]["payment_id"] == payment["id"]


def test_a_balance_may_become_a_credit_where_the_rules_allow_it(alice: Caller) -> None:
    account = new_account(alice, 3_000, payment_rules=STANDARD | {"overpayment_allowed": True})
    assert pay(alice, account=account["id"], amount=10_000).status_code == 201
    assert shown(alice, account)["balance"] == -7_000


def test_the_201_is_what_get_answers_by_id_and_by_reference(alice: Caller) -> None:
    made = pay(alice, bill=new_bill(alice)["id"])
    for name in ("id", "external_reference"):
        found = alice.get(f"/billing/payments/{made.json()[name]}")
        assert (found.status_code, found.content, found.headers["etag"]) == (200, made.content, made.headers["etag"])
        same = alice.get(f"/billing/payments/{made.json()[name]}", If_None_Match=made.headers["etag"])
        assert same.status_code == 304


def test_paid_at_is_told_in_utc_and_is_now_where_it_is_not_said(alice: Caller) -> None:
    bill = new_bill(alice)["id"]
    said = pay(alice, bill=bill, paid_at="2026-01-20T01:15:00.25+02:00")
    assert said.json()["paid_at"] == "2026-01-19T23:15:00.250000Z"
    found = alice.get(f"/billing/payments/{said.json()['id']}")
    assert (found.content, found.headers["etag"]) == (said.content, said.headers["etag"])

    now = datetime.fromisoformat(pay(alice, bill=bill).json()["paid_at"])
    assert abs((datetime.now(now.tzinfo) - now).total_seconds()) < 30


def test_the_same_key_gets_the_same_answer_and_nothing_is_paid_twice(alice: Caller) -> None:
    bill, key = new_bill(alice), new_key()
    body = {"bill": bill["id"], "external_reference": new_reference("EFT")}
    first, again = (pay(alice, key, **body) for _ in range(2))
    assert (again.status_code, again.content, again.headers["etag"]) == (201, first.content, first.headers["etag"])
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert shown(alice, bill)["amount_paid"] == 1_000
    assert refused(pay(alice, key, **body, amount=2_000)) == (422, "idempotency_key_reused")


def test_the_same_bank_reference_is_recorded_once_whatever_the_key_and_whatever_is_left_to_pay(alice: Caller) -> None:
    bill, reference = new_bill(alice), new_reference("EFT")
    assert pay(alice, bill=bill["id"], amount=150_000, external_reference=reference).status_code == 201
    for changes in ({}, {"amount": 1}, {"currency": "USD"}, {"bill": "nothing"}, {"if_match": '"old"'}):
        body = {"bill": bill["id"], "amount": 150_000, "external_reference": reference}
        again = pay(alice, **body | changes)
        assert refused(again) == (409, "external_reference_taken"), changes
        assert again.json()["pointer"] == "/external_reference"
    assert shown(alice, bill)["amount_paid"] == 150_000


def test_a_payment_named_by_a_stranger_finds_nothing(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    bill, account = new_bill(alice), new_account(alice)
    for stranger in (mallory, merchant.caller("live")):
        assert refused(pay(stranger, bill=bill["id"])) == (404, "bill_not_found")
        assert refused(pay(stranger, account=account["external_reference"])) == (404, "account_not_found")
        own = new_account(stranger)
        part = pay(stranger, account=own["id"], parts=[{"bill": bill["id"], "amount": 1_000}])
        assert (*refused(part), part.json()["pointer"]) == (404, "bill_not_found", "/parts/0/bill")
    assert [shown(alice, bill), shown(alice, account)] == [bill, account]


def test_a_public_key_and_no_key_pay_nothing(alice: Caller, merchant: Merchant) -> None:
    bill = new_bill(alice)
    assert refused(pay(merchant.caller(kind="public"), bill=bill["id"])) == (403, "secret_key_required")
    assert refused(pay(Caller(merchant.base, None), bill=bill["id"])) == (401, "unauthorized")
    assert shown(alice, bill) == bill


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"bill": ...}, "/bill", "required"),
        ({"account": "UAR-1"}, "/account", "one_only"),
        ({"external_reference": ...}, "/external_reference", "required"),
        ({"external_reference": "pay_1"}, "/external_reference", "reserved_prefix"),
        ({"amount": 0}, "/amount", "too_small"),
        ({"amount": "1"}, "/amount", "wrong_type"),
        ({"currency": "zar"}, "/currency", "unknown_currency"),
        ({"paid_at": "2026-01-20T01:15:00"}, "/paid_at", "invalid_time"),
        ({"paid_at": "0026-11-25T12:00:00Z"}, "/paid_at", "invalid_time"),
        ({"paid_at": "1969-12-31T23:59:59Z"}, "/paid_at", "invalid_time"),
        ({"paid_at": "2201-01-01T00:00:00Z"}, "/paid_at", "invalid_time"),
        ({"method": "x" * 41}, "/method", "too_long"),
        ({"status": "applied"}, "/status", "unknown_field"),
        ({"parts": [{"bill": "INV-1", "amount": 1}]}, "/parts", "not_of_a_bill"),
        ({"allocation": "oldest_due_first"}, "/allocation", "not_of_a_bill"),
    ],
)
def test_a_body_that_cannot_be_meant_is_refused(
    alice: Caller, changes: dict[str, Any], pointer: str, code: str
) -> None:
    answer = pay(alice, **{"bill": "INV-1"} | changes)
    assert answer.status_code == 400
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


def test_the_events_are_those_of_the_contract(alice: Caller, ask: Ask[list[Event]]) -> None:
    account = new_account(alice)
    bill = new_bill(alice, account=account["id"])
    spread = {"account": account["id"], "parts": [{"bill": bill["id"], "amount": 150_000}]}
    payment = pay(alice, amount=151_000, metadata={"till": "3"}, **spread).json()
    plain = pay(alice, account=account["id"], amount=1_000).json()

    written = {data["id"]: (name, data) for name, _, data in events(ask, payment["id"])}
    owners = ({"bill_id": bill["id"]}, {"account_id": account["id"]})
    for application, owner, amount in zip(payment["applications"], owners, (150_000, 1_000), strict=True):
        name, data = written.pop(application["id"])
        assert name == "obligation.amount_applied"
        assert data == {
            "id": application["id"],
            "amount": amount,
            "currency": "ZAR",
            "payment_id": payment["id"],
            **owner,
            "metadata": {"till": "3"},
            "created_at": data["created_at"],
            "updated_at": data["created_at"],
        }
        assert datetime.fromisoformat(data["created_at"]).tzinfo
    assert not written
    [(_, _, bare)] = events(ask, plain["id"])
    assert bare["metadata"] == {}

    paid = shown(alice, bill)
    of_it = {name: data for name, _, data in events(ask, bill["id"])}
    assert of_it == {"bill.created": bill, "bill.updated": paid, "bill.paid": paid}
    assert events(ask, account["id"])[-1] == ("account.updated", account["id"], shown(alice, account))


def test_a_payment_that_is_refused_leaves_nothing(alice: Caller, ask: Ask[list[Event]]) -> None:
    account = new_account(alice)
    bills = [new_bill(alice, account=account["id"]) for _ in range(2)]
    parts = [{"bill": bills[0]["id"], "amount": 1_000}, {"bill": bills[1]["id"], "amount": 150_001}]
    answer = pay(alice, account=account["id"], amount=151_001, parts=parts)
    assert (*refused(answer), answer.json()["pointer"]) == (422, "overpayment_not_allowed", "/parts/1/amount")
    assert [shown(alice, bill) for bill in bills] == bills
    assert alice.everything("/billing/payments") == []
    assert [name for name, *_ in events(ask, *(bill["id"] for bill in bills))] == ["bill.created"] * 2
