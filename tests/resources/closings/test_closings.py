"""Closings: what is closed stays closed, in order; who enters something of it all the same says why."""

import time
from datetime import timedelta
from typing import Any

from tests.conftest import Merchant
from tests.resources.closings.closing import WHY, close, closed, go_to, noon, pay_on, reopen, today
from tests.resources.conftest import MakeKey
from tests.resources.control_totals.test_control_totals import control
from tests.resources.payments.paying import new_account, new_bill, pay
from tests.running import Caller, new_key, new_reference

DAY = timedelta(days=1)


def refused(answer: Any, code: str = "period_closed") -> None:
    assert (answer.status_code, answer.json()["code"]) == (409, code), answer.text


def test_a_closing_keeps_the_control_totals_and_the_next_one_goes_on_from_there(alice: Caller) -> None:
    first = today(alice)
    bill = new_bill(alice, amount_due=900)
    go_to(alice, first + 2 * DAY)
    made = closed(alice, first + DAY)
    assert "from" not in made
    assert made["through"] == str(first + DAY)
    assert made["ends_at"] == f"{first + 2 * DAY}T00:00:00Z"
    assert {one["currency"]: one for one in made["currencies"]} == control(alice, first, first + DAY)
    assert made["currencies"][0]["closing"]["total"] == 900
    pay(alice, bill=bill["id"], amount=300)
    go_to(alice, first + 40 * DAY)
    following = closed(alice, first + 39 * DAY)
    assert following["from"] == str(first + 2 * DAY)
    assert following["currencies"][0]["opening"] == made["currencies"][0]["closing"]
    assert following["currencies"][0]["closing"]["total"] == 600
    assert alice.get(f"/billing/closings/{made['id']}").json() == made
    assert alice.everything("/billing/closings") == [following, made]
    events = [one for one in alice.everything("/billing/events") if one["type"].startswith("closing.")]
    assert [one["data"] for one in events] in ([made, following], [following, made])


def test_only_days_that_are_over_are_closed_each_later_than_the_one_before(alice: Caller) -> None:
    first = today(alice)
    for day in (first, first + DAY):
        answer = close(alice, day)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "not_over"
    assert close(alice, "1969-12-31").status_code == 400
    assert close(alice, "never").status_code == 400
    closed(alice, first - DAY)
    refused(close(alice, first - DAY), "already_closed")
    refused(close(alice, first - 2 * DAY), "already_closed")
    key = new_key()
    go_to(alice, first + DAY)
    once, again = close(alice, first, key), close(alice, first, key)
    assert (once.status_code, once.content) == (again.status_code, again.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert len(alice.everything("/billing/closings")) == 2


def test_what_is_of_closed_days_is_refused_unless_somebody_says_why(alice: Caller) -> None:
    day = today(alice) - 2 * DAY
    bill, account = new_bill(alice, amount_due=5_000), new_account(alice, 700)
    customer = alice.register_customer(currency="ZAR", balance=50).json()
    closed(alice, day)
    new: dict[str, Any] = {"customer": customer["id"], "amount_due": 70, "currency": "ZAR"}
    paid: dict[str, Any] = {"bill": bill["id"], "amount": 10, "currency": "ZAR"}

    def attempts(told: Any) -> list[tuple[str, str, dict[str, Any]]]:
        """Method, path and body of everything that can be of a day."""
        reference = {"external_reference": new_reference()}
        return [
            ("POST", "/billing/payments", paid | reference | {"paid_at": noon(told)}),
            ("POST", "/billing/bills", new | reference | {"bill_date": str(told)}),
            ("POST", "/billing/bills", new | {"external_reference": new_reference(), "due_date": str(told)}),
            ("PATCH", f"/billing/accounts/{account['id']}", {"balance": 1, "balance_as_of": noon(told)}),
            ("PATCH", f"/billing/customers/{customer['id']}", {"balance": 2, "balance_as_of": noon(told)}),
        ]

    for method, path, body in attempts(day):
        if method == "POST":
            refused(alice.post(path, body))
        else:
            refused(alice.patch(path, body))
    preview = "/billing/payments?preview=true"
    refused(alice.post(preview, paid | {"external_reference": new_reference(), "paid_at": noon(day)}))
    assert alice.everything("/billing/late_entries") == []
    assert alice.get(f"/billing/accounts/{account['id']}").json()["balance"] == 700

    objects = []
    for method, path, body in attempts(day):
        why = "Zoë told us – late".encode()
        sent = {WHY.replace("_", "-").encode(): why, b"Idempotency-Key": new_key().encode()}
        answer = alice.http.request(method, path, json=body, headers=sent)
        assert answer.status_code < 300, answer.text
        objects.append(answer.json()["id"])
    late = alice.everything("/billing/late_entries", limit=2)
    assert [one["object"] for one in reversed(late)] == objects
    assert {(one["date"], one["closed_through"], one["reason"]) for one in late} == {
        (str(day), str(day), "Zoë told us – late")
    }
    assert all(one["actor"].startswith("key_") for one in late)

    for method, path, body in attempts(day + DAY):
        answer = alice.post(path, body) if method == "POST" else alice.patch(path, body)
        assert answer.status_code < 300, answer.text
    assert len(alice.everything("/billing/late_entries")) == 5


def test_whoever_is_restricted_may_not_whatever_they_say(
    alice: Caller, merchant: Merchant, restricted: MakeKey
) -> None:
    day = today(alice) - DAY
    bill = new_bill(alice, amount_due=5_000)
    closed(alice, day)
    for other in (restricted(allowed=("payments:*",)), restricted(max_amount=1_000_000), restricted(kind="collector")):
        answer = pay_on(other, bill, day, **{WHY: "I want to"})
        refused(answer)
        assert "without restrictions" in answer.json()["detail"]
    assert pay_on(alice, bill, day, **{WHY: "I may"}).status_code == 201
    for nonsense in ("", "x" * 256, "a\tb"):
        assert pay_on(alice, bill, day, **{WHY: nonsense}).status_code == 400
    assert merchant.caller(kind="public").get("/billing/closings").status_code == 403


def test_another_reason_under_one_key_is_another_request(alice: Caller) -> None:
    day = today(alice) - DAY
    bill, key = new_bill(alice, amount_due=5_000), new_key()
    closed(alice, day)
    body = {"external_reference": "E", "amount": 10, "currency": "ZAR", "bill": bill["id"], "paid_at": noon(day)}
    refused(alice.post("/billing/payments", body, key))
    answer = alice.post("/billing/payments", body, key, **{WHY: "Late"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_only_the_last_is_reopened_for_a_reason(alice: Caller) -> None:
    day = today(alice) - 9 * DAY
    bill = new_bill(alice, amount_due=5_000)
    older, last = closed(alice, day), closed(alice, day + DAY)
    refused(reopen(alice, older["id"]), "closing_not_last")
    assert alice.post(f"/billing/closings/{last['id']}/reopen", {}).status_code == 400
    opened = reopen(alice, last["id"], "A bank statement was missing")
    assert opened.status_code == 200, opened.text
    body = opened.json()
    assert (body["reopened_reason"], body["reopened_by"]) == ("A bank statement was missing", last["actor"])
    assert body == last | {name: body[name] for name in body if name.startswith("reopened")}
    assert alice.get(f"/billing/closings/{last['id']}").json() == body
    refused(reopen(alice, last["id"]), "closing_not_last")
    assert pay_on(alice, bill, day + DAY).status_code == 201
    refused(pay_on(alice, bill, day))
    again = closed(alice, day + DAY)
    assert again["from"] == last["from"]
    refused(pay_on(alice, bill, day + DAY))
    told = [one["type"] for one in alice.everything("/billing/events") if one["type"].startswith("closing.")]
    assert sorted(told) == ["closing.created"] * 3 + ["closing.reopened"]


def test_they_are_nobody_elses(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    day = today(alice) - DAY
    made = closed(alice, day)
    for other in (mallory, merchant.caller("live")):
        assert other.get(f"/billing/closings/{made['id']}").json()["code"] == "closing_not_found"
        assert reopen(other, made["id"]).json()["code"] == "closing_not_found"
        assert other.everything("/billing/closings") == other.everything("/billing/late_entries") == []
        assert other.make_bill(bill_date=str(day)).status_code == 201
    assert Caller(merchant.base, None).get("/billing/closings").status_code == 401


def test_a_file_enters_what_is_of_closed_days_where_somebody_says_why(alice: Caller, restricted: MakeKey) -> None:
    day = today(alice) - DAY
    customer = alice.register_customer(external_reference=new_reference("C")).json()["external_reference"]
    closed(alice, day)

    def text() -> str:
        row = f"{new_reference('B')},{customer},ZAR,1000,{day}"
        return f"external_reference,customer,currency,amount_due,bill_date\n{row}\n"

    why = {"closed_period_reason": "The file was late"}
    assert verdicts(restricted(allowed=("imports:*",)), "bills", text(), **why) == [["rejected", "period_closed"]]
    assert verdicts(alice, "bills", text(), **why) == [["created"]]
    [late] = alice.everything("/billing/late_entries")
    assert (late["reason"], late["date"]) == ("The file was late", str(day))
    assert late["request_id"].startswith("imp_")


def test_a_file_enters_nothing_of_closed_days(alice: Caller) -> None:
    day = today(alice) - DAY
    customer = alice.register_customer(currency="ZAR", balance=5, external_reference=new_reference("C")).json()
    there = alice.make_bill(customer=customer["id"], bill_date=str(day), external_reference=new_reference("B")).json()
    closed(alice, day)
    reference = customer["external_reference"]
    lines = [
        f"{new_reference('B')},{reference},ZAR,1000,{day}",
        f"{new_reference('B')},{reference},ZAR,1000,{day + DAY}",
        f"{there['external_reference']},{reference},ZAR,150000,{day}",
    ]
    text = "\n".join(["external_reference,customer,currency,amount_due,bill_date", *lines]) + "\n"
    assert verdicts(alice, "bills", text) == [["rejected", "period_closed"], ["created"], ["unchanged"]]
    text = f"external_reference,currency,balance\n{reference},ZAR,9\n"
    assert verdicts(alice, "customers", text, as_of=noon(day)) == [["rejected", "period_closed"]]
    assert verdicts(alice, "customers", text, as_of=noon(day + DAY)) == [["updated"]]


def verdicts(caller: Caller, kind: str, text: str, **asked: str) -> list[list[str]]:
    sent = {"Content-Type": "text/csv", "Idempotency-Key": new_key()}
    answer = caller.http.post(
        "/billing/imports", params={"kind": kind, "again": "true"} | asked, content=text, headers=sent
    )
    assert answer.status_code == 202, answer.text
    path = f"/billing/imports/{answer.json()['id']}"
    deadline = time.monotonic() + 30
    while caller.get(path).json()["status"] not in ("completed", "failed", "stopped"):
        assert time.monotonic() < deadline, caller.get(path).json()
        time.sleep(0.1)
    rows = caller.everything(f"{path}/rows")
    return [[row["verdict"], *(one["code"] for one in row.get("faults", []))] for row in rows]


def test_what_a_payment_says_is_an_instant_wherever_its_clock_is(alice: Caller) -> None:
    day = today(alice) - 2 * DAY
    bill = new_bill(alice, amount_due=5_000)
    closed(alice, day)
    inside, outside = f"{day + DAY}T01:59:59+02:00", f"{day + DAY}T02:00:00+02:00"
    refused(pay(alice, bill=bill["id"], amount=10, paid_at=inside))
    assert pay(alice, bill=bill["id"], amount=10, paid_at=outside).status_code == 201
