"""409 `external_reference_taken` over HTTP: it tells what is there, and in what the request is another."""

from typing import Any

import httpx
import pytest

from tests.conftest import Ask, Merchant
from tests.resources.payments.paying import new_account, new_bill, new_collector, pay, refused, reverse
from tests.running import Caller, new_reference


def told(answer: httpx.Response) -> tuple[dict[str, Any], list[str]]:
    """What is there, without its time, and what differs."""
    assert refused(answer) == (409, "external_reference_taken")
    problem = answer.json()
    existing = dict(problem["existing"])
    assert existing.pop("created_at").endswith("Z")
    return existing, problem["differs"]


def test_of_a_payment_it_tells_what_was_paid_and_what_is_another_now(alice: Caller) -> None:
    first, other = new_bill(alice), new_bill(alice)
    body: dict[str, Any] = {"external_reference": new_reference("EFT"), "method": "eft", "metadata": {"line": "1"}}
    paid = pay(alice, bill=first["id"], **body).json()
    there = {"id": paid["id"], "status": "applied", "amount": 1_000, "currency": "ZAR"}
    same = body | {"paid_at": paid["paid_at"]}
    assert told(pay(alice, bill=first["external_reference"], **same)) == (there, [])
    assert told(pay(alice, bill=other["id"], amount=2_000, **body)) == (there, ["amount", "bill"])
    assert told(pay(alice, customer=first["customer_id"], **body)) == (there, ["customer"])
    assert told(pay(alice, bill="nobody's", **body)) == (there, ["bill"])
    another: dict[str, Any] = {"method": "cash", "paid_at": "2020-01-01T00:00:00Z", "metadata": {}, "currency": "USD"}
    expected = ["currency", "method", "paid_at", "metadata"]
    assert told(pay(alice, bill=first["id"], **body | another)) == (there, expected)


def test_parts_are_compared_by_what_went_to_which_bill(alice: Caller) -> None:
    account = new_account(alice)
    bills = [new_bill(alice, account=account["id"]) for _ in range(2)]
    body: dict[str, Any] = {"external_reference": new_reference("EFT"), "account": account["id"]}
    parts = [{"bill": bill["id"], "amount": 400} for bill in bills]
    assert pay(alice, parts=parts, **body).status_code == 201
    by_reference = [{"bill": bill["external_reference"], "amount": 400} for bill in reversed(bills)]
    assert told(pay(alice, parts=by_reference, **body))[1] == []
    assert told(pay(alice, parts=parts[:1], **body))[1] == ["parts"]
    assert told(pay(alice, **body))[1] == []


def test_a_payment_that_was_reversed_says_so(alice: Caller) -> None:
    bill, reference = new_bill(alice), new_reference("EFT")
    paid = pay(alice, bill=bill["id"], external_reference=reference).json()
    assert reverse(alice, paid["id"]).status_code == 200
    existing, differs = told(pay(alice, bill=bill["id"], external_reference=reference))
    assert (existing["id"], existing["status"], differs) == (paid["id"], "reversed", [])


def test_of_customers_accounts_and_bills_too_wherever_they_stand(alice: Caller) -> None:
    customer: dict[str, Any] = {"external_reference": new_reference("CUST"), "name": "Jane"}
    account: dict[str, Any] = {"external_reference": new_reference("UAR"), "currency": "ZAR", "balance": 500}
    bill = alice.make_bill(account=account | {"customer": customer}).json()
    body = {"external_reference": bill["external_reference"], "currency": "ZAR", "amount_due": 150_000}
    it, its, its_account = bill["customer_id"], bill["id"], bill["account_id"]

    there: dict[str, Any] = {"id": it}
    assert told(alice.post("/billing/customers", customer)) == (there, [])
    assert told(alice.post("/billing/customers", customer | {"name": "Ann", "email": "a@example.com"})) == (
        there,
        ["name", "email"],
    )
    nested = alice.make_bill(account={"external_reference": new_reference(), "customer": customer | {"name": "Ann"}})
    assert (told(nested), nested.json()["pointer"]) == ((there, ["name"]), "/account/customer/external_reference")

    there = {"id": its_account, "amount": 500, "currency": "ZAR"}
    assert told(alice.post("/billing/accounts", account | {"customer": customer["external_reference"]})) == (there, [])
    somebody = {"external_reference": new_reference("CUST")}
    nested = alice.make_bill(account=account | {"balance": 700, "customer": somebody})
    assert (told(nested), nested.json()["pointer"]) == (
        (there, ["customer", "balance"]),
        "/account/external_reference",
    )

    there = {"id": its, "status": "unpaid", "amount": 150_000, "currency": "ZAR"}
    assert told(alice.post("/billing/bills", body | {"account": account["external_reference"]})) == (there, [])
    assert told(alice.post("/billing/bills", body | {"customer": it, "amount_due": 1})) == (there, ["amount_due"])
    assert told(alice.post("/billing/bills", body | {"customer": somebody, "due_date": "2199-01-31"})) == (
        there,
        ["customer", "due_date"],
    )


@pytest.mark.parametrize("by_a_collector", [True, False])
def test_a_collector_learns_nothing_of_what_another_brought(
    alice: Caller, merchant: Merchant, ask: Ask[Any], by_a_collector: bool
) -> None:
    till, other = new_collector(ask, merchant), new_collector(ask, merchant)
    bill, reference = new_bill(alice), new_reference("EFT")
    first = other.caller if by_a_collector else alice
    paid = pay(first, bill=bill["id"], external_reference=reference).json()
    answer = pay(till.caller, bill=bill["id"], amount=2_000, external_reference=reference)
    assert refused(answer) == (409, "external_reference_taken")
    assert not {"existing", "differs"} & answer.json().keys()
    assert paid["id"] not in answer.text
    if by_a_collector:
        assert told(pay(first, bill=bill["id"], external_reference=reference))[0]["id"] == paid["id"]
