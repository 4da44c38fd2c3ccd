"""Moment's three first stories, each from the first call to the webhook."""

from typing import Any

import pytest

from tests.journeys.outgoing import Stage
from tests.journeys.receiver import Receiver
from tests.running import Caller


def begun(caller: Caller, kind: str) -> dict[str, Any]:
    """What is owed: ZAR 100.00."""
    if kind == "customer":
        answer = caller.register_customer(name="Jane Doe", currency="ZAR", balance=10_000)
    elif kind == "account":
        customer = caller.register_customer(name="Jane Doe").json()["id"]
        answer = caller.open_account(customer=customer, currency="ZAR", balance=10_000)
    else:
        customer = caller.register_customer(name="Jane Doe").json()["id"]
        answer = caller.make_bill(customer=customer, amount_due=10_000)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize("kind", ["customer", "account", "bill"])
def test_what_is_owed_is_paid_and_the_merchant_is_told(kind: str, outgoing: Stage, receiver: Receiver) -> None:
    caller, path = outgoing.new_caller(), f"/{kind}"
    receiver.register(caller, path, event_types=["obligation.amount_applied"])
    owed = begun(caller, kind)
    seen = caller.get(f"/billing/{kind}s/{owed['id']}/payable")
    assert (seen.json()["outstanding"], seen.json()["max_amount"]) == (10_000, 10_000)

    body = {kind: owed["id"], "external_reference": f"EFT-{kind}", "amount": 10_000, "currency": "ZAR"}
    paid = caller.post("/billing/payments", body, If_Match=seen.headers["ETag"]).json()

    receiver.wait_for(path, 1)
    [arrival] = receiver.at(path)
    assert (arrival.type, arrival.object_id, arrival.sequence) == ("obligation.amount_applied", paid["id"], 1)
    assert arrival.data[f"{kind}_id"] == owed["id"]
    assert {name: arrival.data[name] for name in ("id", "amount", "currency", "payment_id", "metadata")} == {
        "id": paid["applications"][0]["id"],
        "amount": 10_000,
        "currency": "ZAR",
        "payment_id": paid["id"],
        "metadata": {},
    }
    now = caller.get(f"/billing/{kind}s/{owed['id']}").json()
    if kind == "bill":
        assert (now["status"], now["amount_remaining"]) == ("paid", 0)
    else:
        assert now["balance"] == 0
        refreshed = caller.patch(f"/billing/{kind}s/{owed['id']}", {"balance": 2_500}).json()
        assert refreshed["balance"] == 2_500
