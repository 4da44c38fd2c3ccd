"""GET /billing/payments, over HTTP."""

from typing import Any

import pytest

from tests.conftest import Merchant
from tests.resources.payments.paying import new_account, new_bill, pay, refused, reverse
from tests.running import Caller

PATH = "/billing/payments"


@pytest.fixture
def payments(alice: Caller) -> dict[str, dict[str, Any]]:
    """One of an account's balance, one of a bill of it (taken back), one of a customer's bill in USD, one spread."""
    account = new_account(alice)
    bill = new_bill(alice, account=account["external_reference"])
    dollars = new_bill(alice, currency="USD")
    parts = [{"bill": bill["id"], "amount": 1_000}]
    made = {
        "balance": pay(alice, account=account["id"], metadata={"till": "1", "shift": "a"}),
        "bill": pay(alice, bill=bill["id"], metadata={"till": "1"}),
        "dollars": pay(alice, bill=dollars["id"], currency="USD"),
        "spread": pay(alice, account=account["id"], amount=2_000, parts=parts),
    }
    found: dict[str, dict[str, Any]] = {name: answer.json() for name, answer in made.items()}
    found["bill"] = reverse(alice, found["bill"]["id"]).json()
    return found


def names(alice: Caller, payments: dict[str, dict[str, Any]], **filters: str) -> set[str]:
    """Which of the payments a list with these filters has."""
    listed = alice.everything(PATH, **filters)
    found = {name for name, payment in payments.items() if payment in listed}
    assert len(found) == len(listed)
    return found


def test_payments_are_listed_newest_first_as_they_are_retrieved(
    alice: Caller, payments: dict[str, dict[str, Any]]
) -> None:
    listed = alice.everything(PATH, limit=1)
    assert listed == sorted(payments.values(), key=lambda payment: payment["id"], reverse=True)
    assert listed == [alice.get(f"{PATH}/{payment['id']}").json() for payment in listed]


def test_every_filter_finds_what_it_names(alice: Caller, payments: dict[str, dict[str, Any]]) -> None:
    bill = alice.get(f"/billing/bills/{payments['bill']['bill_id']}").json()
    account = alice.get(f"/billing/accounts/{payments['balance']['account_id']}").json()
    customer = alice.get(f"/billing/customers/{payments['dollars']['customer_id']}").json()
    for name in ("id", "external_reference"):
        assert names(alice, payments, bill=bill[name]) == {"bill", "spread"}, "also by one part of it"
        assert names(alice, payments, account=account[name]) == {"balance", "bill", "spread"}
        assert names(alice, payments, customer=customer[name]) == {"dollars"}
        assert names(alice, payments, customer=customer[name], bill=bill[name]) == set()
        assert names(alice, payments, account=account[name], bill=bill[name], status="applied") == {"spread"}
    assert names(alice, payments, status="reversed") == {"bill"}
    assert names(alice, payments, status="applied") == {"balance", "dollars", "spread"}
    assert names(alice, payments, currency="USD") == {"dollars"}
    assert names(alice, payments, external_reference=payments["spread"]["external_reference"]) == {"spread"}
    assert names(alice, payments, external_reference="nothing") == set()
    assert names(alice, payments, **{"metadata[till]": "1"}) == {"balance", "bill"}
    assert names(alice, payments, **{"metadata[till]": "1", "metadata[shift]": "a"}) == {"balance"}
    assert names(alice, payments, **{"metadata[till]": "1", "bill": bill["id"]}) == {"bill"}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("status=paid", "/status"), ("limit=0", "/limit"), ("method=eft", "/method"), ("cursor=x", "/cursor")],
)
def test_a_question_that_makes_no_sense_is_refused(alice: Caller, query: str, pointer: str) -> None:
    answer = alice.get(f"{PATH}?{query}")
    assert refused(answer) == (400, "validation_failed")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_strangers_find_none(payments: dict[str, dict[str, Any]], mallory: Caller, merchant: Merchant) -> None:
    for stranger in (mallory, merchant.caller("live")):
        assert stranger.everything(PATH) == []
        assert stranger.everything(PATH, bill=payments["bill"]["bill_id"]) == []
    assert refused(merchant.caller(kind="public").get(PATH)) == (403, "secret_key_required")
