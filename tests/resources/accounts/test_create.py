"""POST /billing/accounts."""

from tests.conftest import Merchant
from tests.resources.payments.paying import DEFAULTS
from tests.running import Caller, new_reference


def test_it_opens_an_account_for_a_new_customer(alice: Caller) -> None:
    reference = new_reference()
    answer = alice.open_account(
        customer={"external_reference": new_reference(), "name": "Jane Doe", "email": "jane@example.com"},
        external_reference=reference,
        name="Fibre",
        currency="ZAR",
        balance=2000,
        metadata={"account_type": "subscription", "billing_cycle": "monthly"},
    )

    assert answer.status_code == 201
    account = answer.json()
    assert account == {
        "id": account["id"],
        "external_reference": reference,
        "customer_id": account["customer_id"],
        "name": "Fibre",
        "currency": "ZAR",
        "balance": 2000,
        "payment_rules": DEFAULTS,
        "metadata": {"account_type": "subscription", "billing_cycle": "monthly"},
    }
    assert alice.get(f"/billing/accounts/{account['id']}").json() == account


def test_a_strangers_account_does_not_exist(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    account = alice.open_account().json()
    for other in (mallory, merchant.caller("live")):
        for name in (account["id"], account["external_reference"]):
            answer = other.get(f"/billing/accounts/{name}")
            assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")
