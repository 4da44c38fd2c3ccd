"""POST /billing/payments."""

from typing import Any

import msgspec
import pytest

from dues.db.database import Database
from tests.conftest import Ask, Merchant
from tests.resources.payments.paying import PATH, STANDARD, outstanding, owing, paid, payment, refused, rules
from tests.running import Caller, new_key

KINDS = ["bill", "account", "customer"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_taken_and_shown(kind: str, alice: Caller) -> None:
    owed = owing(alice, kind)
    body = payment(400, **{kind: owed["external_reference"]}, method="eft", metadata={"branch": "7"})
    answer = alice.post(PATH, body)
    assert answer.status_code == 201
    made = answer.json()
    [application] = made["applications"]
    assert made == {
        "id": made["id"],
        "external_reference": body["external_reference"],
        "amount": 400,
        "currency": "ZAR",
        "status": "applied",
        "customer_id": owed["id"] if kind == "customer" else owed["customer_id"],
        **({f"{kind}_id": owed["id"]} if kind != "customer" else {}),
        "applications": [{"id": application["id"], "amount": 400, f"{kind}_id": owed["id"]}],
        "method": "eft",
        "paid_at": made["paid_at"],
        "metadata": {"branch": "7"},
    }
    assert outstanding(alice, kind, owed["id"]) == 600
    for name in (made["id"], body["external_reference"]):
        found = alice.get(f"{PATH}/{name}")
        assert found.json() == made
        assert found.headers["ETag"] == answer.headers["ETag"]


def test_its_time_is_told_in_utc_and_its_tag_stays(alice: Caller) -> None:
    bill = owing(alice, "bill")["id"]
    answer = alice.post(PATH, payment(400, bill=bill, paid_at="2026-01-20T11:15:00+02:00"))
    assert answer.json()["paid_at"] == "2026-01-20T09:15:00Z"
    found = alice.get(f"{PATH}/{answer.json()['id']}")
    assert found.content == answer.content
    assert found.headers["ETag"] == answer.headers["ETag"]


REFUSED = [
    (rules(min_amount=100), 99, "payment_below_minimum"),
    (rules(max_amount=500), 501, "payment_above_maximum"),
    (rules(underpayment_allowed=False), 999, "underpayment_not_allowed"),
    (rules(overpayment_allowed=False), 1_001, "overpayment_not_allowed"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("given", "amount", "code"), REFUSED)
def test_each_rule_is_refused_by_name(kind: str, given: dict[str, Any], amount: int, code: str, alice: Caller) -> None:
    owed = owing(alice, kind, payment_rules=given)
    answer = alice.post(PATH, payment(amount, **{kind: owed["id"]}))
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["pointer"]) == (422, code, "/amount")
    assert (problem["outstanding"], problem["payment_rules"]) == (1_000, given)
    assert outstanding(alice, kind, owed["id"]) == 1_000


@pytest.mark.parametrize("kind", KINDS)
def test_exactly_what_is_outstanding_may_be_less_than_the_least(kind: str, alice: Caller) -> None:
    owed = owing(alice, kind, 60, payment_rules=rules(min_amount=100))
    assert refused(alice.post(PATH, payment(59, **{kind: owed["id"]}))) == (422, "payment_below_minimum")
    paid(alice, 60, **{kind: owed["id"]})


def test_a_merchants_rules_hold_where_there_are_none_of_its_own(alice: Caller) -> None:
    bill = owing(alice, "bill")
    answer = alice.post(PATH, payment(99, bill=bill["id"]))
    assert refused(answer) == (422, "payment_below_minimum")
    assert answer.json()["payment_rules"] == STANDARD


def test_without_a_balance_there_is_nothing_to_pay(alice: Caller) -> None:
    account = alice.open_account(currency="ZAR").json()["id"]
    answer = alice.post(PATH, payment(100, account=account))
    assert refused(answer) == (422, "payment_not_allowed")
    assert "outstanding" not in answer.json()


def test_another_currency_is_refused(alice: Caller) -> None:
    bill = owing(alice, "bill")["id"]
    answer = alice.post(PATH, payment(100, "USD", bill=bill))
    assert (*refused(answer), answer.json()["pointer"]) == (422, "currency_mismatch", "/currency")


def test_a_voided_bill_is_refused(alice: Caller) -> None:
    bill = owing(alice, "bill")["id"]
    alice.post(f"/billing/bills/{bill}/void", {})
    assert refused(alice.post(PATH, payment(100, bill=bill))) == (409, "bill_voided")


def test_the_same_key_is_one_payment(alice: Caller) -> None:
    bill, key = owing(alice, "bill")["id"], new_key()
    body = payment(400, bill=bill)
    first, again = (alice.post(PATH, body, key) for _ in range(2))
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert outstanding(alice, "bill", bill) == 600


def test_the_same_bank_reference_under_another_key_is_refused(alice: Caller) -> None:
    bill = owing(alice, "bill")["id"]
    body = payment(400, bill=bill)
    assert alice.post(PATH, body).status_code == 201
    answer = alice.post(PATH, body)
    assert (*refused(answer), answer.json()["pointer"]) == (409, "external_reference_taken", "/external_reference")
    assert outstanding(alice, "bill", bill) == 600


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_seen_is_paid_or_nothing_is(kind: str, alice: Caller) -> None:
    owed = owing(alice, kind)
    seen = alice.get(f"/billing/{kind}s/{owed['id']}/payable").headers["ETag"]
    assert alice.post(PATH, payment(400, **{kind: owed["id"]}), If_Match=seen).status_code == 201
    stale = alice.post(PATH, payment(400, **{kind: owed["id"]}), If_Match=seen)
    assert refused(stale) == (412, "etag_mismatch")
    assert outstanding(alice, kind, owed["id"]) == 600


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_a_strangers_cannot_be_paid(kind: str, alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    owed = owing(alice, kind)
    for stranger in (mallory, merchant.caller("live")):
        for name in (owed["id"], owed["external_reference"]):
            answer = stranger.post(PATH, payment(400, **{kind: name}))
            assert (*refused(answer), answer.json()["pointer"]) == (404, f"{kind}_not_found", f"/{kind}")
    public = merchant.caller(kind="public").post(PATH, payment(400, **{kind: owed["id"]}))
    assert refused(public) == (403, "secret_key_required")
    assert outstanding(alice, kind, owed["id"]) == 1_000


EVENTS = "select type, object_id, data, created_at from events where object_id = any($1::text[]) order by id"


def test_the_news_of_it_is_written(alice: Caller, ask: Ask[list[Any]]) -> None:
    bill = owing(alice, "bill")
    made = paid(alice, 1_000, bill=bill["id"], metadata={"branch": "7"})

    async def written(database: Database) -> list[Any]:
        return list(await database.rows(EVENTS, [bill["id"], made["id"]]))

    events = {row["type"]: row for row in ask(written)}
    assert events.keys() == {"bill.created", "bill.updated", "bill.paid", "obligation.amount_applied"}
    now = alice.get(f"/billing/bills/{bill['id']}").json()
    for name in ("bill.updated", "bill.paid"):
        assert msgspec.json.decode(events[name]["data"]) == now
    applied = events["obligation.amount_applied"]
    data = msgspec.json.decode(applied["data"])
    assert applied["object_id"] == made["id"]
    assert data == {
        "id": made["applications"][0]["id"],
        "amount": 1_000,
        "currency": "ZAR",
        "payment_id": made["id"],
        "bill_id": bill["id"],
        "metadata": {"branch": "7"},
        "created_at": data["created_at"],
        "updated_at": data["created_at"],
    }
    assert data["id"].startswith("ob_")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"amount": 0}, "/amount"),
        ({"amount": 10.5}, "/amount"),
        ({"amount": "10"}, "/amount"),
        ({"currency": "zar"}, "/currency"),
        ({"external_reference": "pay_1"}, "/external_reference"),
        ({"external_reference": None}, "/external_reference"),
        ({"paid_at": "2026-01-20"}, "/paid_at"),
        ({"method": ""}, "/method"),
        ({"metadata": {"a": 1}}, "/metadata/a"),
        ({"allocation": "newest"}, "/allocation"),
        ({"parts": []}, "/parts"),
        ({"parts": [{"bill": "INV-1", "amount": 0}]}, "/parts/0/amount"),
        ({"reason": "x"}, "/reason"),
    ],
)
def test_nonsense_is_refused_with_its_place(change: dict[str, Any], pointer: str, alice: Caller) -> None:
    answer = alice.post(PATH, payment(100, account="UAR") | change)
    assert refused(answer) == (400, "validation_failed")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("targets", [{}, {"bill": "INV", "account": "UAR"}, {"bill": "INV", "parts": []}])
def test_it_is_for_exactly_one(targets: dict[str, Any], alice: Caller) -> None:
    assert refused(alice.post(PATH, payment(100, **targets))) == (400, "validation_failed")


def test_a_misspelt_preview_takes_no_payment(alice: Caller) -> None:
    bill = owing(alice, "bill")["id"]
    for query in ("preveiw=true", "preview=yes", "preview=true&x=1"):
        assert refused(alice.post(f"{PATH}?{query}", payment(400, bill=bill))) == (400, "validation_failed")
    assert outstanding(alice, "bill", bill) == 1_000
