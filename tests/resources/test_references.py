"""References over HTTP: what looks alike is alike, wherever it comes in."""

import unicodedata
from typing import Any

import pytest

from tests.resources.payments.paying import new_bill, pay, refused
from tests.running import Caller, new_key

COMPOSED = "FACTURÉ-1"
TAKEN_APART = unicodedata.normalize("NFD", COMPOSED)


def test_one_that_looks_like_another_is_taken(alice: Caller) -> None:
    bill = new_bill(alice)
    first = pay(alice, bill=bill["id"], external_reference=TAKEN_APART)
    assert first.json()["external_reference"] == COMPOSED
    second = pay(alice, bill=bill["id"], external_reference=COMPOSED)
    assert refused(second) == (409, "external_reference_taken")
    assert second.json()["existing"]["id"] == first.json()["id"]


def test_each_way_to_name_a_thing_finds_it_in_either_form(alice: Caller) -> None:
    names = {"external_reference": TAKEN_APART}
    bill = alice.make_bill(account={"customer": names} | names, **names).json()
    assert bill["external_reference"] == COMPOSED
    for form in (COMPOSED, TAKEN_APART):
        for path in ("customers", "accounts", "bills"):
            assert alice.get(f"/billing/{path}/{form}").json()["external_reference"] == COMPOSED
        for name in ("external_reference", "customer", "account"):
            assert bill["id"] in [one["id"] for one in alice.everything("/billing/bills", **{name: form})]
        part = {"bill": form, "amount": 700}
        assert pay(alice, account=form, amount=700, parts=[part]).status_code == 201
        assert pay(alice, bill=form, amount=700).status_code == 201
        assert alice.make_bill(customer=form).status_code == 201
        assert alice.open_account(customer=form).status_code == 201
    assert len(alice.everything("/billing/payments", bill=TAKEN_APART)) == 4


@pytest.mark.parametrize("reference", ["EFT-9\u200b", "\ufeffEFT-9"])
def test_one_with_an_invisible_character_is_refused_wherever_it_stands(alice: Caller, reference: str) -> None:
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("payments", "/external_reference", {"external_reference": reference, "bill": "INV"}),
        ("payments", "/bill", {"external_reference": "EFT", "bill": reference}),
        ("payments", "/parts/0/bill", {"external_reference": "EFT", "account": "A", "parts": [{"bill": reference}]}),
        ("customers", "/external_reference", {"external_reference": reference}),
        ("accounts", "/customer/external_reference", {"customer": {"external_reference": reference}}),
    ]
    for kind, pointer, body in bodies:
        answer = alice.post(f"/billing/{kind}", body)
        assert refused(answer) == (400, "validation_failed")
        assert (pointer, "invisible_character") in {(e["pointer"], e["code"]) for e in answer.json()["errors"]}
    listed = alice.http.get("/billing/payments", params={"external_reference": reference})
    assert [(e["pointer"], e["code"]) for e in listed.json()["errors"]] == [
        ("/external_reference", "invisible_character")
    ]
    assert refused(alice.get(f"/billing/payments/{reference}")) == (404, "payment_not_found")


def test_the_same_body_under_the_same_key_is_the_same_request_in_either_form(alice: Caller) -> None:
    bill, key = new_bill(alice), new_key()
    body = {"external_reference": TAKEN_APART, "amount": 1_000, "currency": "ZAR", "bill": bill["id"]}
    first, again = alice.post("/billing/payments", body, key), alice.post("/billing/payments", body, key)
    assert (first.content, again.headers["Idempotent-Replayed"]) == (again.content, "true")
    assert refused(alice.post("/billing/payments", body | {"external_reference": COMPOSED}, key)) == (
        422,
        "idempotency_key_reused",
    )
