"""A collector's key: what a till, a bank or a partner can do, and that there is nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from dues.db.database import Database
from dues.http.openapi import document
from dues.tenants.keys import NewKey, generate
from dues.tenants.store import insert_keys
from tests.conftest import Ask, Merchant
from tests.resources.payments.paying import PATH, outstanding, owing, paid, payment, refused
from tests.running import Caller, new_key

OPEN = {
    ("get", "/billing/bills/{bill}/payable"),
    ("get", "/billing/accounts/{account}/payable"),
    ("get", "/billing/customers/{customer}/payable"),
    ("post", "/billing/payments"),
    ("post", "/billing/payments/{payment}/reverse"),
    ("get", "/billing/daily_totals"),
}

CLOSED = sorted({(method, path) for path, methods in document("/docs")["paths"].items() for method in methods} - OPEN)

Tills = Callable[[], tuple[Caller, str]]


@pytest.fixture
def new_till(ask: Ask[NewKey], merchant: Merchant) -> Tills:
    """Makes collectors: somebody with such a key, and the key's id."""

    async def make(database: Database) -> NewKey:
        key = generate("test", "collector", datetime.now(UTC))
        async with database.transaction() as tx:
            insert_keys(tx, merchant.id, [key], datetime.now(UTC))
            await tx.commit()
        return key

    def till() -> tuple[Caller, str]:
        key = ask(make)
        assert key.secret.startswith("ck_test_")
        return Caller(merchant.base, key.secret), key.id

    return till


def test_the_document_says_what_is_open() -> None:
    opened = {
        (method, path)
        for path, methods in document("/docs")["paths"].items()
        for method, operation in methods.items()
        if {"collector_key": []} in operation.get("security", [])
    }
    assert opened == OPEN


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_nothing_else_is_open(method: str, path: str, new_till: Tills) -> None:
    till, _ = new_till()
    answer = till.http.request(
        method, path.replace("{", "").replace("}", ""), json={}, headers={"Idempotency-Key": new_key()}
    )
    assert refused(answer) == (403, "secret_key_required")


def test_it_looks_up_by_exact_reference_and_sees_little(alice: Caller, new_till: Tills) -> None:
    till, _ = new_till()
    customer = owing(alice, "customer", 500, name="Jane van Doe", email="jane@example.com", metadata={"a": "b"})
    bill = alice.make_bill(customer=customer["id"], amount_due=1_000, metadata={"c": "d"}).json()
    seen = till.get(f"/billing/bills/{bill['external_reference']}/payable")
    assert seen.json() == {
        "id": bill["id"],
        "external_reference": bill["external_reference"],
        "payable": True,
        "outstanding": 1_000,
        "currency": "ZAR",
        "min_amount": 100,
        "max_amount": 1_000,
        "name": "J*** v*** D***",
    }
    assert till.get(f"/billing/customers/{customer['id']}/payable").json()["name"] == "J*** v*** D***"
    assert refused(till.get(f"/billing/bills/{bill['external_reference'][:-1]}/payable")) == (404, "bill_not_found")


def test_it_pays_what_it_saw_and_takes_its_own_back(alice: Caller, new_till: Tills) -> None:
    (till, till_id), (other, _) = new_till(), new_till()
    bill = owing(alice, "bill")["id"]
    tag = till.get(f"/billing/bills/{bill}/payable").headers["ETag"]
    answer = till.post(PATH, payment(400, bill=bill), If_Match=tag)
    assert answer.status_code == 201
    made = answer.json()
    assert made["collector_id"] == till_id
    alices = paid(alice, 100, bill=bill)
    for who, name in ((other, made["id"]), (other, made["external_reference"]), (till, alices["id"])):
        refusal = who.post(f"{PATH}/{name}/reverse", {"reason": "other"})
        assert refused(refusal) == (404, "payment_not_found")
    assert till.post(f"{PATH}/{made['id']}/reverse", {"reason": "duplicate"}).status_code == 200
    assert outstanding(alice, "bill", bill) == 900


def test_it_names_the_bills_that_it_takes_money_for(alice: Caller, new_till: Tills) -> None:
    till, _ = new_till()
    account = owing(alice, "account", 300)["id"]
    bill = alice.make_bill(account=account, amount_due=500).json()["id"]
    spread = payment(500, account=account, allocation="oldest_due_first")
    assert refused(till.post(PATH, spread)) == (403, "secret_key_required")
    assert refused(till.post(f"{PATH}?preview=true", payment(500, bill=bill))) == (403, "secret_key_required")
    by_name = payment(500, account=account, parts=[{"bill": bill, "amount": 500}])
    assert till.post(PATH, by_name).status_code == 201


def test_one_collectors_answers_are_not_anothers(alice: Caller, new_till: Tills) -> None:
    (till, _), (other, _) = new_till(), new_till()
    body, key = payment(400, bill=owing(alice, "bill")["id"]), new_key()
    assert till.post(PATH, body, key).status_code == 201
    assert till.post(PATH, body, key).headers["Idempotent-Replayed"] == "true"
    for stranger in (other, alice):
        assert refused(stranger.post(PATH, body, key)) == (422, "idempotency_key_reused")


def test_its_totals_are_its_own(alice: Caller, new_till: Tills) -> None:
    (till, till_id), (other, _) = new_till(), new_till()
    account = owing(alice, "account", 10_000)["id"]
    paid(alice, 100, account=account)
    paid(till, 200, account=account)
    back = paid(till, 300, account=account)
    till.post(f"{PATH}/{back['id']}/reverse", {"reason": "other"})
    total = {
        "currency": "ZAR",
        "payments": 2,
        "payments_amount": 500,
        "reversals": 1,
        "reversals_amount": 300,
        "net_amount": 200,
    }
    assert till.get("/billing/daily_totals").json()["totals"] == [total]
    assert till.get("/billing/daily_totals?collector=key_other").json()["totals"] == [total]
    assert other.get("/billing/daily_totals").json()["totals"] == []
    assert alice.get(f"/billing/daily_totals?collector={till_id}").json()["totals"] == [total]


def test_what_is_another_merchants_is_not_there(mallory: Caller, new_till: Tills) -> None:
    till, _ = new_till()
    bill = owing(mallory, "bill")
    for name in (bill["id"], bill["external_reference"]):
        assert refused(till.get(f"/billing/bills/{name}/payable")) == (404, "bill_not_found")
        assert refused(till.post(PATH, payment(100, bill=name))) == (404, "bill_not_found")
