"""The examples of Moment's billing pages, one after the other: a client that was written for them works here."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import convert

from dues.db.database import Database
from dues.domain.payment_rules import NOUNS, PaymentRules
from dues.tenants import store
from tests.conftest import Ask, Merchant
from tests.running import Caller, new_key

RULES = {"min_amount": 100, "max_amount": 500000, "underpayment_allowed": True, "overpayment_allowed": False}
"""What the merchant's defaults say for ZAR."""

ID = "[A-Za-z0-9]{21,}"


@pytest.fixture
def merchant(new_merchant: Callable[[], Merchant], ask: Ask[None]) -> Merchant:
    """A merchant who has these rules."""
    made = new_merchant()

    async def save(database: Database) -> None:
        tenant, _ = (await store.find_tenants(database, made.id))["test"]
        rules = convert(RULES, PaymentRules)
        async with database.transaction() as tx:
            await store.save_payment_rules(tx, tenant, [(noun, "ZAR", rules) for noun in NOUNS])
            await tx.commit()

    ask(save)
    return made


@pytest.fixture
def jane(alice: Caller) -> dict[str, Any]:
    """A customer with no more than the reference that is required, made before anything else happens."""
    answer = alice.post("/billing/customers", {"external_reference": "CUST-1042"})
    assert answer.status_code == 201
    customer: dict[str, Any] = answer.json()
    assert customer == {"id": customer["id"], "external_reference": "CUST-1042"}
    assert re.fullmatch(f"bcus_{ID}", customer["id"])
    return customer


def test_an_account_is_opened_with_a_customer_and_a_reference(alice: Caller, jane: dict[str, Any]) -> None:
    answer = alice.post("/billing/accounts", {"customer": jane["id"], "external_reference": "UAR1234567890"})

    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(f"req_{ID}", answer.headers["request-id"])
    account = answer.json()
    assert re.fullmatch(f"bacc_{ID}", account["id"])
    assert account == {
        "id": account["id"],
        "external_reference": "UAR1234567890",
        "customer_id": jane["id"],
    }


def test_an_account_is_opened_with_everything_that_it_can_have(alice: Caller, jane: dict[str, Any]) -> None:
    body = {
        "customer": jane["external_reference"],
        "external_reference": "UAR1234567890",
        "name": "Fibre, Long Street 12",
        "currency": "ZAR",
        "balance": 2000,
        "metadata": {"account_type": "subscription", "billing_cycle": "monthly"},
    }
    account = alice.post("/billing/accounts", body).json()
    assert account == {
        "id": account["id"],
        "external_reference": "UAR1234567890",
        "customer_id": jane["id"],
        "name": "Fibre, Long Street 12",
        "currency": "ZAR",
        "balance": 2000,
        "payment_rules": RULES,
        "metadata": {"account_type": "subscription", "billing_cycle": "monthly"},
    }
    for name in (account["id"], "UAR1234567890"):
        assert alice.get(f"/billing/accounts/{name}").json() == account


def test_a_new_customer_comes_along_with_its_account(alice: Caller) -> None:
    customer = {
        "external_reference": "CUST-1043",
        "name": "John Doe",
        "email": "john@example.com",
        "phone": "+27821234567",
    }
    account = alice.post("/billing/accounts", {"customer": customer, "external_reference": "UAR1234567891"}).json()

    assert alice.get("/billing/customers/CUST-1043").json() == customer | {"id": account["customer_id"]}


def test_an_account_for_nobody_is_refused(alice: Caller) -> None:
    answer = alice.post("/billing/accounts", {"customer": "CUST-NONE", "external_reference": "UAR1234567890"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["pointer"], problem["status"]) == ("customer_not_found", "/customer", 404)
    assert problem["type"].endswith("/errors#not-found")
    assert problem["instance"] == "/billing/accounts"
    assert problem["request_id"] == answer.headers["request-id"]


def test_one_bill_brings_its_account_and_its_customer(alice: Caller) -> None:
    body = {
        "external_reference": "INV/2024/001",
        "currency": "ZAR",
        "amount_due": 150000,
        "bill_date": "2024-01-01",
        "due_date": "2024-01-31",
        "metadata": {"period": "2024-01"},
        "account": {
            "customer": {"external_reference": "CUST-1044", "name": "Ann Other"},
            "external_reference": "UAR1234567892",
            "name": "Water",
        },
    }
    answer = alice.post("/billing/bills", body)

    assert answer.status_code == 201
    bill = answer.json()
    assert re.fullmatch(f"bill_{ID}", bill["id"])
    assert bill == {
        "id": bill["id"],
        "external_reference": "INV/2024/001",
        "customer_id": bill["customer_id"],
        "account_id": bill["account_id"],
        "currency": "ZAR",
        "amount_due": 150000,
        "amount_paid": 0,
        "amount_remaining": 150000,
        "status": "unpaid",
        "bill_date": "2024-01-01",
        "due_date": "2024-01-31",
        "payment_rules": RULES,
        "metadata": {"period": "2024-01"},
    }
    assert alice.get("/billing/bills/INV%2F2024%2F001").json() == bill
    account = alice.get("/billing/accounts/UAR1234567892").json()
    assert (account["id"], account["customer_id"]) == (bill["account_id"], bill["customer_id"])
    assert alice.get("/billing/customers/CUST-1044").json()["id"] == bill["customer_id"]


def test_a_bill_is_paid_in_two_parts(alice: Caller, jane: dict[str, Any]) -> None:
    bill = alice.make_bill(customer=jane["id"], amount_due=150000).json()
    path = f"/billing/bills/{bill['id']}"

    part = alice.patch(path, {"amount_paid": 50000, "currency": "ZAR"})
    assert part.status_code == 200
    assert part.json() == bill | {"amount_paid": 50000, "amount_remaining": 100000}
    rest = alice.patch(path, {"amount_paid": 150000})
    assert rest.json() == bill | {"amount_paid": 150000, "amount_remaining": 0, "status": "paid"}
    bounced = alice.patch(path, {"amount_paid": 50000})
    assert bounced.json() == part.json()


def test_a_bill_that_was_a_mistake_is_voided_for_good(alice: Caller, jane: dict[str, Any]) -> None:
    bill = alice.make_bill(customer=jane["id"]).json()
    path = f"/billing/bills/{bill['id']}"

    voided = alice.http.post(f"{path}/void", headers={"Idempotency-Key": new_key()})
    assert (voided.status_code, voided.json()) == (
        200,
        bill | {"status": "voided", "voided_at": voided.json()["voided_at"]},
    )
    for answer in (
        alice.patch(path, {"amount_paid": 1}),
        alice.http.post(f"{path}/void", headers={"Idempotency-Key": new_key()}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "bill_voided")


def test_a_bill_that_was_part_paid_is_not_voided(alice: Caller, jane: dict[str, Any]) -> None:
    path = f"/billing/bills/{alice.make_bill(customer=jane['id']).json()['id']}"
    alice.patch(path, {"amount_paid": 1})
    answer = alice.http.post(f"{path}/void", headers={"Idempotency-Key": new_key()})
    assert (answer.status_code, answer.json()["code"]) == (409, "bill_paid")


@pytest.mark.parametrize("kind", ["customers", "accounts"])
def test_the_balance_of_the_books_at_home_replaces_the_one_here(alice: Caller, kind: str) -> None:
    make = {"customers": alice.register_customer, "accounts": alice.open_account}[kind]
    one = make(None, currency="ZAR", balance=2000, name="Jane Doe").json()
    path = f"/billing/{kind}/{one['external_reference']}"

    assert alice.patch(path, {"balance": 10000}).json() == one | {"balance": 10000}
    assert alice.patch(path, {"balance": -250}).json() == one | {"balance": -250}, "negative is credit"
    assert alice.patch(path, {"balance": 0}).json() == one | {"balance": 0}, "zero is a balance"
    amounts = [entry["amount"] for entry in alice.get(f"{path}/entries").json()["data"]]
    assert amounts == [250, -10250, 8000, 2000]


def test_a_balance_can_begin_later(alice: Caller, jane: dict[str, Any]) -> None:
    path = f"/billing/customers/{jane['id']}"
    refused = alice.patch(path, {"balance": 10000})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/currency")
    tracked = alice.patch(path, {"balance": 10000, "currency": "ZAR"}).json()
    assert tracked == jane | {"balance": 10000, "currency": "ZAR", "payment_rules": RULES}
    assert alice.patch(path, {"balance": None, "currency": None}).json() == jane


def test_metadata_is_merged(alice: Caller, jane: dict[str, Any]) -> None:
    before = {"account_type": "subscription", "billing_cycle": "monthly"}
    account = alice.open_account(customer=jane["id"], metadata=before).json()
    path = f"/billing/accounts/{account['id']}"

    changes = {"billing_cycle": "yearly", "account_type": None, "branch": "Cape Town"}
    merged = alice.patch(path, {"metadata": changes}).json()
    assert merged == account | {"metadata": {"billing_cycle": "yearly", "branch": "Cape Town"}}
    assert alice.patch(path, {"metadata": {}}).json() == merged
    cleared = alice.patch(path, {"metadata": None}).json()
    assert cleared == {name: value for name, value in account.items() if name != "metadata"}


def test_a_request_that_is_sent_again_is_carried_out_once(alice: Caller, jane: dict[str, Any]) -> None:
    key = "3f1b6c9e-7a2d-4e52-9b0a-1f6f0c6d2b11"
    body = {"customer": jane["id"], "external_reference": "UAR1234567890"}
    first = alice.post("/billing/accounts", body, key)
    again = alice.post("/billing/accounts", dict(reversed(body.items())), key)
    other = alice.post("/billing/accounts", body | {"external_reference": "UAR1234567899"}, key)

    assert "idempotent-replayed" not in first.headers
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert alice.everything("/billing/accounts") == [first.json()]
    kept = alice.get(f"/billing/idempotency_keys/{key}").json()
    assert (kept["status"], kept["object_id"]) == (201, first.json()["id"])
    assert kept["request_id"] == first.headers["request-id"]


def test_a_post_without_a_key_is_refused(alice: Caller, jane: dict[str, Any]) -> None:
    body = {"customer": jane["id"], "external_reference": "UAR1234567890"}
    answer = alice.http.post("/billing/accounts", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert alice.everything("/billing/accounts") == []
