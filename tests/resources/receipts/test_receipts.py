"""The receipt of a payment: in the form that is asked for, the same each time, and nobody else's."""

import pytest

from tests.pages.page import read_page
from tests.resources.payment_links.visiting import Visitor, new_link
from tests.resources.payments.paying import new_bill, pay, reverse
from tests.running import Caller, new_reference


def test_it_says_what_came_and_what_it_paid(alice: Caller) -> None:
    bill = new_bill(alice, customer={"external_reference": "CUST-R1", "name": "<Zoë>"}, amount_due=150_000)
    paid = pay(alice, bill=bill["id"], amount=40_000, method="eft").json()
    receipt = alice.get(f"/billing/payments/{paid['external_reference']}/receipt").json()
    assert receipt["payment"] == paid["id"]
    assert (receipt["amount"], receipt["currency"], receipt["method"]) == (40_000, "ZAR", "eft")
    assert receipt["lines"] == [{"id": bill["id"], "bill": bill["external_reference"], "amount": 40_000}]
    assert receipt["customer"]["name"] == "<Zoë>"
    assert "reversed_at" not in receipt
    reverse(alice, paid["id"])
    assert "reversed_at" in alice.get(f"/billing/payments/{paid['id']}/receipt").json()
    assert "taken back" in alice.get(f"/billing/payments/{paid['id']}/receipt.html").text


def test_money_that_is_held_and_given_back_is_told(alice: Caller) -> None:
    bill = new_bill(alice, amount_due=1_000)
    paid = pay(alice, bill=bill["id"], amount=1_500, rest="hold").json()
    receipt = alice.get(f"/billing/payments/{paid['id']}/receipt").json()
    assert (receipt["held"], sum(line["amount"] for line in receipt["lines"])) == (500, 1_000)
    assert (
        "ZAR\N{NO-BREAK SPACE}5.00 was more than is owed"
        in alice.get(f"/billing/payments/{paid['id']}/receipt.html").text
    )


def test_it_comes_in_the_form_that_is_asked_for_and_in_no_other(alice: Caller, mallory: Caller) -> None:
    paid = pay(alice, bill=new_bill(alice)["id"]).json()
    path = f"/billing/payments/{paid['id']}/receipt"
    for suffix, accept, content_type in (
        ("", "", "application/json"),
        ("", "text/html,*/*;q=0.8", "text/html; charset=utf-8"),
        (".html", "*/*", "text/html; charset=utf-8"),
    ):
        answer = alice.get(path + suffix, Accept=accept)
        assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    assert alice.get(path, Accept="text/csv").status_code == 406
    assert alice.get(f"{path}.csv").status_code == 404
    for suffix in ("", ".html", ".pdf"):
        assert mallory.get(path + suffix).json()["code"] == "payment_not_found"
    page = alice.get(f"{path}.html?lang=ar")
    read_page(page.content)
    assert 'lang="ar" dir="rtl"' in page.text


def test_the_same_payment_is_the_same_document(alice: Caller) -> None:
    pytest.importorskip("typst", reason="needs dues[pdf]")
    paid = pay(alice, bill=new_bill(alice)["id"]).json()
    for language in ("en", "ar", "de"):
        path = f"/billing/payments/{paid['id']}/receipt.pdf?lang={language}"
        first, again = alice.get(path), alice.get(path)
        assert first.headers["content-type"] == "application/pdf"
        assert first.content == again.content
        assert b"pdfuaid" in first.content  # made for readers that read aloud
    assert f'filename="receipt-{paid["id"]}.pdf"' in first.headers["content-disposition"]


def test_whoever_paid_by_a_link_gets_it_there_and_by_no_other_link(alice: Caller) -> None:
    pytest.importorskip("typst", reason="needs dues[pdf]")
    bill = new_bill(alice, customer={"external_reference": new_reference("CUST"), "name": "Jane Doe"}, amount_due=1_000)
    base = str(alice.http.base_url)
    visitor = Visitor(base, new_link(alice, customer=bill["customer_id"])["url"])
    page = visitor.press(visitor.begin(), button="pay")
    [href] = [link for link in page.links if link.endswith(".pdf")]
    checkout = href.rpartition("/")[2]
    document = visitor.http.get(f"{visitor.url}/{checkout}")
    assert document.headers["content-type"] == "application/pdf"
    assert document.headers["cache-control"] == "no-store"
    assert b"Jane Doe" not in document.content
    other = Visitor(base, new_link(alice, customer=alice.register_customer().json()["id"])["url"])
    assert other.http.get(f"{other.url}/{checkout}").status_code == 404
    assert visitor.http.get(f"{visitor.url}/chk_nobody.pdf").status_code == 404
