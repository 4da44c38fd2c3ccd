"""What a collector's key opens, and that it opens nothing else."""

from typing import Any

import pytest

from dues.http.context import Context
from dues.http.metrics import Metrics
from dues.http.routes import routes
from dues.tenants.keys import NewKey
from dues.webhooks.outgoing import Outgoing
from tests.conftest import Ask, Merchant
from tests.resources.payments.paying import (
    Collector,
    new_account,
    new_bill,
    new_collector,
    pay,
    refused,
    reverse,
    shown,
)
from tests.running import Caller, new_key, new_reference

NOWHERE: Any = None
"""Routes are made without anything behind them: only what they are is looked at."""

OPEN = {
    ("GET", "/billing/customers/{customer}/payable"),
    ("GET", "/billing/accounts/{account}/payable"),
    ("GET", "/billing/bills/{bill}/payable"),
    ("POST", "/billing/payments"),
    ("POST", "/billing/payments/{payment}/reverse"),
    ("GET", "/billing/daily_totals"),
    ("POST", "/billing/batch"),  # whose lines are what is open
}

ALL = {
    (method, path)
    for path, methods in routes(
        Context(NOWHERE, NOWHERE, NOWHERE, NOWHERE, NOWHERE, "", "", NOWHERE, NOWHERE, Outgoing(NOWHERE)), Metrics()
    ).items()
    for method in methods
    if path.startswith("/billing/")
}

SHUT = sorted(ALL - OPEN)


@pytest.fixture
def till(ask: Ask[NewKey], merchant: Merchant) -> Collector:
    """A collector of the merchant."""
    return new_collector(ask, merchant)


def test_there_are_doors_to_try() -> None:
    assert OPEN < ALL
    assert {("GET", "/billing/payments"), ("PATCH", "/billing/bills/{bill}")} < set(SHUT)
    assert len(SHUT) >= 18


@pytest.mark.parametrize(("method", "path"), SHUT)
def test_all_else_is_shut(method: str, path: str, alice: Caller, till: Collector) -> None:
    account = new_account(alice)
    bill = new_bill(alice, account=account["id"])
    own = pay(till.caller, bill=bill["id"]).json()
    owned = {"customer": account["customer_id"], "account": account["id"], "bill": bill["id"], "payment": own["id"]}
    before = [shown(alice, bill), shown(alice, account)]
    noun = path.partition("{")[2].partition("}")[0]
    for name in (owned.get(noun, "key"), "nothing"):
        for body in ({}, {"metadata": {"a": "b"}}):
            answer = till.caller.http.request(
                method, path.replace(f"{{{noun}}}", name), json=body, headers={"Idempotency-Key": new_key()}
            )
            assert refused(answer) == (403, "secret_key_required")
            assert "etag" not in answer.headers
    assert [shown(alice, bill), shown(alice, account)] == before


def test_it_looks_at_what_is_payable_by_the_exact_name_and_sees_no_more_of_the_customer(
    alice: Caller, till: Collector
) -> None:
    customer = {"external_reference": new_reference("CUST"), "name": "Jane van Doe", "email": "jane@example.com"}
    account = new_account(alice, customer=customer)
    path = "/billing/accounts/{}/payable"
    for name in (account["id"], account["external_reference"]):
        assert till.caller.get(path.format(name)).json() == {
            "id": account["id"],
            "external_reference": account["external_reference"],
            "payable": True,
            "outstanding": 3_000,
            "currency": "ZAR",
            "min_amount": 1,
            "max_amount": 3_000,
            "name": "J*** v*** D***",
        }
    reference = account["external_reference"]
    for wrong in (reference[:-1], reference.lower(), reference + "%", account["customer_id"]):
        assert refused(till.caller.get(path.format(wrong.replace("%", "%25")))) == (404, "account_not_found")


def test_it_takes_payments_and_is_named_in_them(alice: Caller, till: Collector) -> None:
    account = new_account(alice)
    bill = new_bill(alice, account=account["id"])
    one = pay(till.caller, bill=bill["external_reference"], method="cash")
    parts = [{"bill": bill["external_reference"], "amount": 1_000}]
    other = pay(till.caller, account=account["id"], amount=1_500, parts=parts)
    for answer in (one, other):
        assert answer.status_code == 201
        assert answer.json()["collector_id"] == till.id
        assert shown(alice, answer.json()) == answer.json()
    assert shown(alice, bill)["amount_paid"] == 2_000
    assert shown(alice, account)["balance"] == 2_500
    assert "collector_id" not in pay(alice, bill=bill["id"]).json()


def test_it_pays_what_it_saw(alice: Caller, till: Collector) -> None:
    bill = new_bill(alice)
    tag = till.caller.get(f"/billing/bills/{bill['id']}/payable").headers["etag"]
    assert pay(till.caller, bill=bill["id"], if_match=tag).status_code == 201
    assert refused(pay(till.caller, bill=bill["id"], if_match=tag)) == (412, "etag_mismatch")


def test_it_learns_of_no_bill_that_nobody_named(alice: Caller, till: Collector) -> None:
    account = new_account(alice)
    bill = new_bill(alice, account=account["id"])
    spread = {"account": account["id"], "allocation": "oldest_due_first"}
    assert refused(pay(till.caller, **spread)) == (403, "secret_key_required")
    assert refused(pay(till.caller, None, "?preview=true", bill=bill["id"])) == (403, "secret_key_required")
    assert [shown(alice, bill), shown(alice, account)] == [bill, account]


def test_it_takes_back_its_own_payments_and_those_of_others_do_not_exist(
    alice: Caller, till: Collector, ask: Ask[NewKey], merchant: Merchant
) -> None:
    bill = new_bill(alice)
    own = pay(till.caller, bill=bill["id"]).json()
    others = [pay(alice, bill=bill["id"]).json(), pay(new_collector(ask, merchant).caller, bill=bill["id"]).json()]
    for other in others:
        for name in (other["id"], other["external_reference"]):
            for headers in ({}, {"if_match": '"old"'}):
                answer = reverse(till.caller, name, **headers)
                missing = reverse(till.caller, name[::-1], **headers)
                assert refused(answer) == refused(missing) == (404, "payment_not_found")
                assert answer.json().keys() == missing.json().keys()
        assert shown(alice, other) == other
    undone = reverse(till.caller, own["external_reference"])
    assert (undone.status_code, undone.json()["status"], undone.json()["collector_id"]) == (200, "reversed", till.id)
    assert refused(reverse(till.caller, own["id"])) == (409, "payment_reversed")


def test_the_merchant_takes_back_what_a_collector_brought(alice: Caller, till: Collector) -> None:
    bill = new_bill(alice)
    payment = pay(till.caller, bill=bill["id"]).json()
    assert reverse(alice, payment["id"]).status_code == 200
    assert shown(alice, bill) == bill


def test_nobody_is_answered_with_what_another_did_under_the_same_key(
    alice: Caller, till: Collector, ask: Ask[NewKey], merchant: Merchant
) -> None:
    bill, key = new_bill(alice), new_key()
    body = {"bill": bill["id"], "external_reference": new_reference("TILL")}
    first = pay(till.caller, key, **body)
    assert first.status_code == 201
    for other in (new_collector(ask, merchant).caller, alice):
        assert refused(pay(other, key, **body)) == (422, "idempotency_key_reused")
    assert pay(till.caller, key, **body).content == first.content
    assert shown(alice, bill)["amount_paid"] == 1_000


def test_what_is_anothers_or_the_other_modes_does_not_exist_for_it(
    alice: Caller, mallory: Caller, till: Collector, ask: Ask[NewKey], merchant: Merchant
) -> None:
    bill, hers = new_bill(alice), new_bill(mallory)
    live = new_collector(ask, merchant, "live")
    for collector, of in ((till, hers), (live, bill)):
        for name in (of["id"], of["external_reference"]):
            assert refused(collector.caller.get(f"/billing/bills/{name}/payable")) == (404, "bill_not_found")
            assert refused(pay(collector.caller, bill=name)) == (404, "bill_not_found")
    payment = pay(alice, bill=bill["id"]).json()
    assert refused(reverse(live.caller, payment["id"])) == (404, "payment_not_found")
