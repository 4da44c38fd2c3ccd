"""POST /billing/payments?preview=true, over HTTP."""

from typing import Any

import pytest

from dues.db.database import Database
from tests.conftest import Ask, Merchant
from tests.resources.payments.paying import STANDARD, new_account, new_bill, pay, refused, shown
from tests.running import Caller, new_key, new_reference

PREVIEW = "?preview=true"

TABLES = ("payments", "payment_applications", "entries", "events", "idempotency_keys", "metadata_pairs")


def counts(ask: Ask[list[int]]) -> list[int]:
    """How many rows there are in each table that a payment is written to."""

    async def count(database: Database) -> list[int]:
        return [(await database.rows(f"select count(*) as n from {table}"))[0]["n"] for table in TABLES]

    return ask(count)


def test_a_preview_tells_what_would_happen_and_stores_nothing(alice: Caller, ask: Ask[list[int]]) -> None:
    account = new_account(alice)
    bill = new_bill(alice, account=account["id"])
    body: dict[str, Any] = {"account": account["id"], "amount": 152_000, "external_reference": new_reference("EFT")}
    body |= {"parts": [{"bill": bill["id"], "amount": 150_000}], "metadata": {"a": "b"}}
    key, before = new_key(), counts(ask)

    answers = [pay(alice, key, PREVIEW, **body) for _ in range(2)]
    for answer in answers:
        assert answer.status_code == 200
        assert "idempotent-replayed" not in answer.headers
        assert answer.json() == {
            "preview": True,
            "amount": 152_000,
            "currency": "ZAR",
            "applications": [
                {"amount": 150_000, "outstanding": 150_000, "outstanding_after": 0, "bill_id": bill["id"]},
                {"amount": 2_000, "outstanding": 3_000, "outstanding_after": 1_000, "account_id": account["id"]},
            ],
        }
    assert counts(ask) == before
    assert [shown(alice, bill), shown(alice, account)] == [bill, account]

    payment = pay(alice, key, **body)
    assert payment.status_code == 201, "key and reference are free still"
    would = [(one["amount"], one.get("bill_id")) for one in answers[0].json()["applications"]]
    assert [(one["amount"], one.get("bill_id")) for one in payment.json()["applications"]] == would


def test_a_preview_is_refused_for_what_the_payment_would_be(alice: Caller, mallory: Caller) -> None:
    bill = new_bill(alice, payment_rules=STANDARD)
    reference = pay(alice, bill=bill["id"]).json()["external_reference"]
    cases: list[tuple[Caller, dict[str, Any]]] = [
        (alice, {"amount": 150_000}),
        (alice, {"amount": 99}),
        (alice, {"currency": "USD"}),
        (alice, {"external_reference": reference}),
        (alice, {"bill": "nothing"}),
        (alice, {"if_match": '"old"'}),
        (alice, {"amount": 0}),
        (mallory, {}),
    ]
    for caller, changes in cases:
        body = {"bill": bill["id"], "external_reference": new_reference("EFT")} | changes
        previewed, paid = pay(caller, None, PREVIEW, **body), pay(caller, **body)
        assert previewed.status_code >= 400
        problems = [answer.json() | {"request_id": ""} for answer in (previewed, paid)]
        assert problems[0] == problems[1]


def test_what_was_seen_may_be_asked_for_in_a_preview(alice: Caller) -> None:
    bill = new_bill(alice)
    tag = alice.get(f"/billing/bills/{bill['id']}/payable").headers["etag"]
    assert pay(alice, None, PREVIEW, bill=bill["id"], if_match=tag).status_code == 200
    pay(alice, bill=bill["id"])
    assert refused(pay(alice, None, PREVIEW, bill=bill["id"], if_match=tag)) == (412, "etag_mismatch")


def test_a_credit_is_nothing_outstanding(alice: Caller) -> None:
    account = new_account(alice, -500, payment_rules=STANDARD | {"overpayment_allowed": True})
    [one] = pay(alice, None, PREVIEW, account=account["id"]).json()["applications"]
    assert (one["outstanding"], one["outstanding_after"]) == (0, 0)


@pytest.mark.parametrize("query", ["?preview=yes", "?preview", "?Preview=true", "?preview=true&preview=true", "?dry=1"])
def test_who_misspells_preview_does_not_pay(alice: Caller, query: str) -> None:
    bill = new_bill(alice)
    assert refused(pay(alice, None, query, bill=bill["id"])) == (400, "validation_failed")
    assert shown(alice, bill) == bill


def test_preview_false_is_a_payment(alice: Caller) -> None:
    bill = new_bill(alice)
    assert pay(alice, None, "?preview=false", bill=bill["id"]).status_code == 201
    assert shown(alice, bill)["amount_paid"] == 1_000


def test_a_preview_is_for_the_secret_key(alice: Caller, merchant: Merchant) -> None:
    bill = new_bill(alice)
    refusals = [refused(pay(merchant.caller(kind="public"), None, PREVIEW, bill=bill["id"]))]
    refusals += [refused(pay(Caller(merchant.base, None), None, PREVIEW, bill=bill["id"]))]
    assert refusals == [(403, "secret_key_required"), (401, "unauthorized")]
