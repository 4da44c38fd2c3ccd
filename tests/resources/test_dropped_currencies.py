"""What has a currency keeps it when ISO 4217 drops that; nothing new gets it."""

from collections.abc import Callable
from typing import Any

import pytest

from dues.db.database import Database
from tests.conftest import Ask
from tests.resources.payments.paying import STANDARD, new_account, new_bill, pay, payable, refused, reverse, shown
from tests.running import Caller, new_reference

DROPPED = "HRK"
"""It was active, with two decimals, until 2022."""


@pytest.fixture
def drop(ask: Ask[None]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Gives something that has no entries yet a currency as it could have when that was active."""

    def put(thing: dict[str, Any]) -> dict[str, Any]:
        table = {"bcus": "customers", "bacc": "accounts", "bill": "bills"}[thing["id"][:4]]

        async def change(database: Database) -> None:
            await database.rows(f"update {table} set currency = $1 where id = $2 returning id", DROPPED, thing["id"])

        ask(change)
        return thing

    return put


Drop = Callable[[dict[str, Any]], dict[str, Any]]


def test_a_bill_in_it_is_payable_and_payable_indeed(alice: Caller, drop: Drop) -> None:
    bill = drop(new_bill(alice, amount_due=10_000, payment_rules=STANDARD))
    assert pay(alice, bill=bill["id"], amount=4_000, currency=DROPPED).status_code == 201
    told = payable(alice, bill).json()
    assert (told["payable"], told["outstanding"], told["currency"]) == (True, 6_000, DROPPED)
    preview = pay(alice, None, "?preview=true", bill=bill["id"], amount=6_000, currency=DROPPED)
    assert preview.status_code == 200
    payment = pay(alice, bill=bill["id"], amount=6_000, currency=DROPPED).json()
    assert shown(alice, bill)["status"] == "paid"
    totals = alice.get("/billing/daily_totals").json()["totals"]
    assert [(one["currency"], one["payments_amount"]) for one in totals] == [(DROPPED, 10_000)]
    assert reverse(alice, payment["id"]).status_code == 200
    assert alice.patch(f"/billing/bills/{bill['id']}", {"amount_paid": 5_000, "currency": DROPPED}).status_code == 200
    listed = alice.everything("/billing/payments", currency=DROPPED)
    assert payment["id"] in [one["id"] for one in listed]
    assert [one["id"] for one in alice.everything("/billing/bills", currency=DROPPED)] == [bill["id"]]


def test_a_balance_in_it_can_be_set_adjusted_and_paid(alice: Caller, drop: Drop) -> None:
    account = drop(new_account(alice, None, payment_rules=STANDARD))
    path = f"/billing/accounts/{account['id']}"
    assert alice.patch(path, {"currency": DROPPED, "balance": 5_000}).json()["balance"] == 5_000
    assert alice.post(f"{path}/adjustments", {"amount": 100, "reason": "Fee"}).status_code == 201
    assert pay(alice, account=account["id"], amount=1_100, currency=DROPPED).status_code == 201
    assert shown(alice, account)["balance"] == 4_000


def test_its_bills_take_it_through_an_owner_that_has_none(alice: Caller, drop: Drop) -> None:
    account = new_account(alice, None)
    bills = [drop(new_bill(alice, account=account["id"], payment_rules=STANDARD)) for _ in range(2)]
    part = {"bill": bills[0]["id"], "amount": 700}
    assert pay(alice, account=account["id"], amount=700, currency=DROPPED, parts=[part]).status_code == 201
    spread = {"account": account["id"], "allocation": "oldest_due_first"}
    assert pay(alice, amount=299_300, currency=DROPPED, **spread).status_code == 201
    assert [shown(alice, bill)["status"] for bill in bills] == ["paid", "paid"]


def test_nothing_new_gets_it(alice: Caller) -> None:
    account, bill = new_account(alice), new_bill(alice)
    reference = {"external_reference": new_reference()}
    refusals = [
        alice.post("/billing/customers", reference | {"currency": DROPPED}),
        alice.open_account(currency=DROPPED, balance=1),
        alice.make_bill(currency=DROPPED),
        alice.patch(f"/billing/accounts/{account['id']}", {"currency": DROPPED, "balance": 1}),
        alice.patch(f"/billing/customers/{account['customer_id']}", {"currency": DROPPED}),
        alice.patch(f"/billing/bills/{bill['id']}", {"currency": DROPPED}),
        pay(alice, bill=bill["id"], currency=DROPPED),
        pay(alice, account=account["id"], currency=DROPPED, allocation="oldest_due_first"),
        pay(alice, bill=bill["id"], currency="zar"),
    ]
    for answer in refusals:
        assert refused(answer) == (400, "validation_failed")
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/currency", "unknown_currency")
        assert "active ISO 4217" in error["detail"]
