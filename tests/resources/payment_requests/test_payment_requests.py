"""Payment requests, as a client of Moment's makes them and somebody pays them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.resources.payment_links.visiting import Thing, Visitor
from tests.running import Caller, new_key, new_reference

PATH = "/collect/payment_requests"


def ask(alice: Caller, amount: int = 24_000, **of: Any) -> Thing:
    """A request."""
    answer = alice.post(PATH, {"amount": amount, "currency": "ZAR", **of})
    assert answer.status_code == 201, answer.text
    asked: Thing = answer.json()
    return asked


def visiting(alice: Caller, asked: Thing) -> Visitor:
    """Whoever was sent its address."""
    return Visitor(str(alice.http.base_url), asked["url"])


def test_it_is_made_once_changed_while_it_is_active_and_told_of(alice: Caller, mallory: Caller) -> None:
    customer = alice.register_customer().json()
    wanted: Thing = {
        "amount": 24_000,
        "currency": "ZAR",
        "customer": customer["id"],
        "external_reference": new_reference("ASK"),
        "description": "School fees",
        "metadata": {"term": "2"},
    }
    key = new_key()
    first, again = (alice.post(PATH, wanted, key) for _ in range(2))
    asked = first.json()
    assert (first.status_code, again.json()) == (201, asked)
    assert (asked["id"][:3], asked["type"], asked["status"]) == ("pr_", "link", "active")
    lasts = datetime.fromisoformat(asked["expires_at"]) - datetime.fromisoformat(asked["created_at"])
    assert lasts == timedelta(hours=24)
    taken = alice.post(PATH, wanted).json()
    assert (taken["code"], taken["existing"]["id"], taken["differs"]) == ("external_reference_taken", asked["id"], [])

    for name in (asked["id"], asked["external_reference"]):
        assert alice.get(f"{PATH}/{name}").json() == asked
        for answer in (
            mallory.get(f"{PATH}/{name}"),
            mallory.http.patch(f"{PATH}/{name}", json={"amount": 1}, headers={"Idempotency-Key": new_key()}),
            mallory.http.delete(f"{PATH}/{name}", headers={"Idempotency-Key": new_key()}),
        ):
            assert answer.json()["code"] == "payment_request_not_found"
    assert alice.everything(PATH, customer=customer["id"]) == [asked]
    assert mallory.everything(PATH) == []

    patched = alice.http.patch(
        f"{PATH}/{asked['id']}",
        json={"amount": 20_000, "description": None, "metadata": {"term": None}},
        headers={"Idempotency-Key": new_key()},
    )
    assert patched.status_code == 200, patched.text
    changed = patched.json()
    assert (changed["amount"], changed["url"]) == (20_000, asked["url"])
    assert not changed.keys() & {"description", "metadata"}
    assert visiting(alice, asked).look().answer == "ZAR 200.00"

    gone = alice.http.delete(f"{PATH}/{asked['id']}").json()
    assert alice.http.delete(f"{PATH}/{asked['id']}", headers={"Idempotency-Key": new_key()}).json() == gone
    assert (gone["status"], "url" in gone) == ("expired", False)
    assert visiting(alice, asked).look().status == 404
    over = alice.http.patch(f"{PATH}/{asked['id']}", json={"amount": 1}, headers={"Idempotency-Key": new_key()})
    assert (over.status_code, over.json()["code"]) == (409, "payment_request_over")
    told = [event["type"] for event in alice.everything("/billing/events") if event["data"].get("id") == asked["id"]]
    assert told == ["payment_request.updated", "payment_request.updated", "payment_request.created"]


def test_it_refuses_each_rule_by_name(alice: Caller) -> None:
    bill = alice.make_bill().json()
    money = {"amount": 100, "currency": "ZAR"}
    for body, code in (
        ({**money}, "nothing_to_apply"),
        ({**money, "bill": bill["id"], "type": "push"}, "not_supported"),
        ({**money, "bill": bill["id"], "customer": bill["customer_id"]}, "validation_failed"),
        ({"amount": 100, "bill": bill["id"]}, "validation_failed"),
        ({"amount": 0, "currency": "ZAR", "bill": bill["id"]}, "validation_failed"),
        ({"amount": 100, "currency": "EUR", "bill": bill["id"]}, "currency_mismatch"),
        ({**money, "bill": new_reference()}, "bill_not_found"),
        ({**money, "bill": bill["id"], "description": "x" * 501}, "validation_failed"),
        ({**money, "bill": bill["id"], "expires_at": str(datetime.now(UTC))}, "validation_failed"),
    ):
        assert alice.post(PATH, body).json()["code"] == code, body


def test_it_is_paid_once_with_just_its_amount_and_resolves(alice: Caller) -> None:
    bill = alice.make_bill(amount_due=30_000).json()
    asked = ask(alice, 24_000, bill=bill["external_reference"], description="The <b>first</b> part")
    visitor = visiting(alice, asked)
    page = visitor.look()
    assert page.answer == "ZAR 240.00"
    assert "The <b>first</b> part" in page.text
    one, two = visitor.begin(page=page), visitor.begin(page=page)
    paid = visitor.press(one, button="pay")
    assert paid.answer == "ZAR 240.00"

    there = alice.get(f"{PATH}/{asked['id']}").json()
    assert (there["status"], "url" in there) == ("paid", False)
    collected = alice.get(f"/collect/payments/{there['payment_id']}").json()
    assert (collected["status"], collected["amount"], collected["mode"]) == ("succeeded", 24_000, "test")
    assert collected["payment_method_details"] == {"type": "test"}
    assert alice.get(f"/billing/bills/{bill['id']}").json()["amount_remaining"] == 6_000

    # The other tab was charged too. Its money is there, the request is still the first payment's.
    visitor.press(two, button="pay")
    assert alice.get(f"{PATH}/{asked['id']}").json()["payment_id"] == there["payment_id"]
    payments = alice.everything("/billing/payments", customer=bill["customer_id"])
    assert sorted(payment.get("amount_unapplied", 0) for payment in payments) == [0, 18_000]
    told = [event["type"] for event in alice.everything("/billing/events") if event["data"].get("id") == asked["id"]]
    assert told == ["payment_request.paid", "payment_request.created"]

    alice.post(f"/billing/payments/{there['payment_id']}/reverse", {"reason": "bounced"})
    back = alice.get(f"/collect/payments/{there['payment_id']}").json()
    assert (back["status"], back["last_payment_error"]) == ("cancelled", "bounced")
    assert alice.get("/collect/payments/pay_nobodys").json()["code"] == "payment_not_found"


def test_who_owes_nothing_can_be_asked_and_the_money_is_held(alice: Caller) -> None:
    customer = alice.register_customer().json()
    asked = ask(alice, 5_000, customer=customer["id"])
    visitor = visiting(alice, asked)
    assert visitor.look().answer == "ZAR 50.00"
    visitor.press(visitor.begin(), button="pay")
    [payment] = alice.everything("/billing/payments", customer=customer["id"])
    assert payment["amount_unapplied"] == 5_000
    assert alice.get(f"{PATH}/{asked['id']}").json()["payment_id"] == payment["id"]
    assert "240" not in visitor.look().text


def test_what_was_paid_elsewhere_is_not_asked_for_again_and_a_withdrawn_page_ends_it(alice: Caller) -> None:
    bill = alice.make_bill(amount_due=24_000).json()
    asked, other = ask(alice, bill=bill["id"]), ask(alice, bill=bill["id"])
    paid = {"bill": bill["id"], "amount": 24_000, "currency": "ZAR", "external_reference": new_reference("EFT")}
    assert alice.post("/billing/payments", paid).status_code == 201
    page = visiting(alice, asked).look()
    assert "240" not in page.answer
    assert not page.forms
    alice.post(f"/billing/payment_links/{other['payment_link_id']}/withdraw", {})
    there = alice.get(f"{PATH}/{other['id']}").json()
    assert (there["status"], "url" in there) == ("expired", False)


def test_many_tabs_at_once_are_one_paid_request(alice: Caller) -> None:
    bill = alice.make_bill(amount_due=24_000).json()
    asked = ask(alice, bill=bill["id"])
    visitors = [visiting(alice, asked) for _ in range(4)]
    begun = [visitor.begin() for visitor in visitors]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: one[0].press(one[1], button="pay"), zip(visitors, begun, strict=True)))
    payments = alice.everything("/billing/payments", customer=bill["customer_id"])
    assert sum(payment.get("amount_unapplied", 0) for payment in payments) == 3 * 24_000
    [applied] = [payment["id"] for payment in payments if not payment.get("amount_unapplied")]
    assert alice.get(f"{PATH}/{asked['id']}").json()["payment_id"] == applied
    told = [event["type"] for event in alice.everything("/billing/events") if event["data"].get("id") == asked["id"]]
    assert told.count("payment_request.paid") == 1
