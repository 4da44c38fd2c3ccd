"""GET /billing/{customers|accounts}/{…}/summary, over HTTP: what one owner owes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Ask, Merchant
from tests.resources.payments.paying import new_account, new_bill, new_collector, pay, refused
from tests.running import Caller, new_reference


def summary(caller: Caller, owner: dict[str, Any]) -> Any:
    """What is owed by a customer or an account; without the day."""
    kind = "customers" if owner["id"].startswith("bcus_") else "accounts"
    for name in (owner["id"], owner["external_reference"]):
        answer = caller.get(f"/billing/{kind}/{name}/summary")
        assert answer.status_code == 200
        told = answer.json()
        assert told["id"] == owner["id"]
    return told["owed"]


@pytest.fixture
def today() -> str:
    """The day in UTC, of which enough is left for a test."""
    return datetime.now(UTC).date().isoformat()


def test_it_adds_up_balances_open_bills_and_what_is_overdue_by_currency(alice: Caller, today: str) -> None:
    customer = alice.register_customer(currency="ZAR", balance=-250).json()
    first = new_account(alice, 3_000, customer=customer["id"])
    second = new_account(alice, None, customer=customer["id"])
    long_ago = {"bill_date": "2025-01-01", "amount_due": 60_000}
    bills = [
        new_bill(alice, account=first["id"], **long_ago, due_date="2025-01-31"),
        new_bill(alice, account=first["id"], amount_due=1_000, due_date=today),
        new_bill(alice, account=second["id"], currency="JPY", amount_due=40_000),
        new_bill(alice, customer=customer["id"], amount_due=200),
        new_bill(alice, customer=customer["id"], **long_ago, due_date="2025-02-28"),
    ]
    assert pay(alice, bill=bills[0]["id"], amount=10_000).status_code == 201
    assert alice.post(f"/billing/bills/{bills[4]['id']}/void", {}).status_code == 200
    new_bill(alice)  # somebody else's

    oldest = {"oldest_due_date": "2025-01-31"}
    nothing = {"count": 0, "amount_remaining": 0}
    overdue = {"count": 1, "amount_remaining": 50_000} | oldest
    yen = {"currency": "JPY", "open_bills": {"count": 1, "amount_remaining": 40_000}, "overdue": nothing}
    assert summary(alice, customer) == [
        yen | {"net_amount": 40_000},
        {
            "currency": "ZAR",
            "balance": 2_750,
            "open_bills": {"count": 3, "amount_remaining": 51_200} | oldest,
            "overdue": overdue,
            "net_amount": 53_950,
        },
    ]
    assert summary(alice, first) == [
        {
            "currency": "ZAR",
            "balance": 3_000,
            "open_bills": {"count": 2, "amount_remaining": 51_000} | oldest,
            "overdue": overdue,
            "net_amount": 54_000,
        }
    ]
    assert summary(alice, second) == [yen | {"net_amount": 40_000}]


def test_who_owes_nothing_has_an_empty_one(alice: Caller) -> None:
    assert summary(alice, alice.register_customer().json()) == []


def test_what_is_due_today_is_overdue_tomorrow_by_the_tenants_clock(alice: Caller, today: str) -> None:
    account = new_account(alice, None)
    new_bill(alice, account=account["id"], due_date=today)
    assert summary(alice, account)[0]["overdue"]["count"] == 0
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert alice.post("/billing/test_clock/advance", {"to": tomorrow}).status_code == 200
    assert summary(alice, account)[0]["overdue"] == {
        "count": 1,
        "amount_remaining": 150_000,
        "oldest_due_date": today,
    }
    told = alice.get(f"/billing/accounts/{account['id']}/summary").json()
    assert told["day"] == tomorrow[:10]


def test_it_is_the_merchants_alone(alice: Caller, mallory: Caller, merchant: Merchant, ask: Ask[Any]) -> None:
    account = new_account(alice)
    path = f"/billing/accounts/{account['id']}/summary"
    assert refused(alice.get(f"/billing/customers/{new_reference()}/summary")) == (404, "customer_not_found")
    for stranger in (mallory, merchant.caller("live")):
        assert refused(stranger.get(path)) == (404, "account_not_found")
    assert refused(merchant.caller(kind="public").get(path)) == (403, "secret_key_required")
    assert refused(new_collector(ask, merchant).caller.get(path)) == (403, "secret_key_required")
