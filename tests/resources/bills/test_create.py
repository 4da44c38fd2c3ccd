"""POST /billing/bills."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import Merchant
from tests.resources.payments.paying import DEFAULTS
from tests.running import Caller, new_key, new_reference


def refused(answer: Any) -> tuple[int, str, str | None]:
    """(status, code, pointer) of a problem."""
    return answer.status_code, answer.json()["code"], answer.json().get("pointer")


def test_one_call_makes_customer_account_and_bill(alice: Caller) -> None:
    customer, account, bill = new_reference("CUST"), new_reference("ACC"), new_reference("INV")
    answer = alice.make_bill(
        external_reference=bill,
        account={
            "customer": {"external_reference": customer, "name": "Jane Doe"},
            "external_reference": account,
            "currency": "ZAR",
            "balance": 0,
        },
        due_date="2199-12-31",
        metadata={"period": "2026-01"},
    )

    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "id": made["id"],
        "external_reference": bill,
        "customer_id": made["customer_id"],
        "account_id": made["account_id"],
        "currency": "ZAR",
        "amount_due": 150_000,
        "amount_paid": 0,
        "amount_remaining": 150_000,
        "status": "unpaid",
        "bill_date": f"{datetime.now(UTC):%Y-%m-%d}",
        "due_date": "2199-12-31",
        "payment_rules": DEFAULTS,
        "metadata": {"period": "2026-01"},
    }
    assert alice.get(f"/billing/customers/{customer}").json()["id"] == made["customer_id"]
    assert alice.get(f"/billing/accounts/{account}").json()["id"] == made["account_id"]
    for name in (made["id"], bill):
        assert alice.get(f"/billing/bills/{name}").json() == made


def test_a_bill_is_for_whoever_is_named_in_any_way(alice: Caller) -> None:
    customer = alice.register_customer().json()
    account = alice.open_account(customer=customer["id"]).json()
    for owner in (customer["id"], customer["external_reference"]):
        assert alice.make_bill(customer=owner).json()["customer_id"] == customer["id"]
    for owner in (account["id"], account["external_reference"]):
        made = alice.make_bill(account=owner).json()
        assert (made["account_id"], made["customer_id"]) == (account["id"], customer["id"])
    both = alice.make_bill(account=account["id"], customer=customer["external_reference"])
    assert both.status_code == 201


def test_an_account_of_somebody_else_is_a_mismatch(alice: Caller) -> None:
    account, other = alice.open_account().json(), alice.register_customer().json()
    for customer in (other["id"], {"external_reference": new_reference()}):
        answer = alice.make_bill(account=account["id"], customer=customer)
        assert refused(answer) == (422, "owner_mismatch", "/customer")


def test_what_is_another_merchants_or_modes_does_not_exist(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    account = mallory.open_account().json()
    assert refused(alice.make_bill(account=account["id"])) == (404, "account_not_found", "/account")
    assert refused(alice.make_bill(customer=account["customer_id"])) == (404, "customer_not_found", "/customer")
    live = merchant.caller("live").open_account().json()
    assert refused(alice.make_bill(account=live["external_reference"])) == (404, "account_not_found", "/account")


def test_a_bill_is_in_the_currency_of_its_owner(alice: Caller) -> None:
    customer = alice.register_customer(currency="USD").json()
    assert refused(alice.make_bill(customer=customer["id"])) == (422, "currency_mismatch", "/currency")
    assert alice.make_bill(customer=customer["id"], currency="USD").status_code == 201
    account = alice.open_account(customer=customer["id"], currency="ZAR").json()
    assert alice.make_bill(account=account["id"]).status_code == 201, "an account's own currency decides"


def test_if_the_bill_is_refused_nothing_of_it_exists(alice: Caller) -> None:
    taken = alice.make_bill().json()["external_reference"]
    customer, account = new_reference(), new_reference()
    answer = alice.make_bill(
        external_reference=taken,
        account={"customer": {"external_reference": customer}, "external_reference": account},
    )
    assert refused(answer) == (409, "external_reference_taken", "/external_reference")
    assert alice.get(f"/billing/customers/{customer}").status_code == 404
    assert alice.get(f"/billing/accounts/{account}").status_code == 404


def test_each_taken_reference_has_its_pointer(alice: Caller) -> None:
    account = alice.open_account().json()
    customer = alice.get(f"/billing/customers/{account['customer_id']}").json()["external_reference"]
    nested = {"customer": {"external_reference": customer}, "external_reference": new_reference()}
    assert refused(alice.make_bill(account=nested))[2] == "/account/customer/external_reference"
    nested = {"customer": account["customer_id"], "external_reference": account["external_reference"]}
    assert refused(alice.make_bill(account=nested))[2] == "/account/external_reference"
    assert refused(alice.make_bill(customer={"external_reference": customer}))[2] == "/customer/external_reference"


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"amount_due": 0}, "/amount_due", "too_small"),
        ({"amount_due": -5}, "/amount_due", "too_small"),
        ({"amount_due": 1.5}, "/amount_due", "wrong_type"),
        ({"amount_due": ...}, "/amount_due", "required"),
        ({"currency": ...}, "/currency", "required"),
        ({"customer": None}, "/customer", "required"),
        ({"bill_date": "2026-02-30"}, "/bill_date", "invalid_date"),
        ({"bill_date": "20260101"}, "/bill_date", "invalid_date"),
        ({"bill_date": 20260101}, "/bill_date", "wrong_type"),
        ({"bill_date": "2026-01-02", "due_date": "2026-01-01"}, "/due_date", "before_bill_date"),
        ({"bill_date": "0026-11-25"}, "/bill_date", "invalid_date"),
        ({"bill_date": "1969-12-31"}, "/bill_date", "invalid_date"),
        ({"due_date": "2201-01-01"}, "/due_date", "invalid_date"),
        ({"external_reference": "bill_x"}, "/external_reference", "reserved_prefix"),
        ({"external_reference": "bcus_x"}, "/external_reference", "reserved_prefix"),
        ({"status": "paid"}, "/status", "unknown_field"),
        ({"account": {"external_reference": "x"}}, "/account/customer", "required"),
    ],
)
def test_a_bad_bill_is_told_what_is_wrong(alice: Caller, changes: dict[str, Any], pointer: str, code: str) -> None:
    answer = alice.make_bill(**changes)
    assert answer.status_code == 400
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def test_an_amount_that_no_client_can_represent_is_out_of_range(alice: Caller) -> None:
    assert refused(alice.make_bill(amount_due=2**53)) == (422, "amount_out_of_range", "/amount_due")
    assert alice.make_bill(amount_due=2**53 - 1).status_code == 201


def test_a_repeated_key_gets_the_same_answer(alice: Caller) -> None:
    key, body = new_key(), {"external_reference": new_reference(), "customer": {"external_reference": new_reference()}}
    first = alice.make_bill(key, **body)
    again = alice.make_bill(key, **body)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
