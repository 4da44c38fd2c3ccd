"""GET /billing/events and /billing/events/{event}."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.lists.cursors import make_cursor
from tests.conftest import Ask, Merchant
from tests.running import Caller, RunningServer


def follow(caller: Caller, **parameters: Any) -> dict[str, Any]:
    """A page, oldest first."""
    answer = caller.http.get("/billing/events", params={"order": "oldest_first", **parameters})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def told(page: dict[str, Any]) -> list[tuple[str, int]]:
    """(type, sequence) of each event."""
    return [(event["type"], event["sequence"]) for event in page["data"]]


def test_an_event_is_what_a_webhook_sends_its_place_and_who_did_it(alice: Caller, merchant: Merchant) -> None:
    customer = alice.register_customer(name="Jane Doe").json()
    [event] = follow(alice)["data"]
    assert event == {
        "id": event["id"],
        "type": "customer.created",
        "data": customer,
        "object_id": customer["id"],
        "sequence": 1,
        "created_at": event["created_at"],
        "actor": next(key.id for key in merchant.keys if key.secret == merchant.key()),
    }
    assert event["id"].startswith("evt_")
    assert alice.get(f"/billing/events/{event['id']}").json() == event


def test_the_newest_come_first_unless_it_is_said_otherwise(alice: Caller) -> None:
    customer = alice.register_customer().json()["id"]
    for number in range(3):
        alice.patch(f"/billing/customers/{customer}", {"name": f"Jane {number}"})
    assert [event["sequence"] for event in alice.everything("/billing/events", limit=2)] == [4, 3, 2, 1]
    assert [event["sequence"] for event in follow(alice)["data"]] == [1, 2, 3, 4]


def test_the_events_of_one_transaction_are_in_their_order(alice: Caller) -> None:
    bill = alice.make_bill().json()["id"]
    for paid in (150_000, 0) * 5:
        assert alice.patch(f"/billing/bills/{bill}", {"amount_paid": paid}).status_code == 200
    page = follow(alice, object=bill, limit=100)
    expected = ["bill.created"] + ["bill.updated", "bill.paid", "bill.updated"] * 5
    assert told(page) == list(zip(expected, range(1, 17), strict=True))


def test_the_parts_of_a_payment_are_numbered(alice: Caller) -> None:
    bills = [alice.make_bill(customer={"external_reference": "C"} if number == 0 else "C").json() for number in (0, 1)]
    parts = [{"bill": bill["id"], "amount": 1_000} for bill in bills]
    body = {"customer": "C", "external_reference": "EFT", "amount": 2_000, "currency": "ZAR", "parts": parts}
    paid = alice.post("/billing/payments", body).json()
    alice.post("/billing/payments/EFT/reverse", {"reason": "bounced"})
    applied = "obligation.amount_applied"
    assert told(follow(alice, object=paid["id"])) == [(applied, 1), (applied, 2), ("payment.reversed", 3)]


def test_a_reader_goes_on_where_it_was_even_at_the_end(alice: Caller) -> None:
    page = follow(alice)
    assert (page["data"], page["has_more"]) == ([], False)
    seen = []
    for number in range(5):
        alice.register_customer(external_reference=f"CUST-{number}")
        page = follow(alice, cursor=page["next_cursor"], limit=1)
        seen += [event["data"]["external_reference"] for event in page["data"]]
    assert seen == [f"CUST-{number}" for number in range(5)]
    assert follow(alice, cursor=page["next_cursor"])["data"] == []


def test_a_reader_may_begin_after_an_event(alice: Caller) -> None:
    for _ in range(3):
        alice.register_customer()
    first, second, third = follow(alice)["data"]
    assert follow(alice, after=first["id"])["data"] == [second, third]
    assert follow(alice, after=third["id"])["data"] == []
    assert alice.get("/billing/events?order=oldest_first&after=evt_nothing").json()["code"] == "event_not_found"


def test_types_and_objects_are_chosen(alice: Caller) -> None:
    account = alice.open_account(currency="ZAR", balance=1).json()
    alice.patch(f"/billing/accounts/{account['id']}", {"balance": 2})
    assert told(follow(alice, type="account.updated")) == [("account.updated", 2)]
    both = follow(alice, type="customer.created,account.updated")
    assert told(both) == [("customer.created", 1), ("account.updated", 2)]
    assert told(follow(alice, object=account["id"])) == [("account.created", 1), ("account.updated", 2)]
    assert told(follow(alice, object=account["id"], type="customer.created")) == []
    assert follow(alice, type="bill.paid")["data"] == []


def test_the_events_of_one_object_are_read_page_by_page_in_both_directions(alice: Caller) -> None:
    customer, other = (alice.register_customer().json()["id"] for _ in range(2))
    for number in range(6):
        alice.patch(f"/billing/customers/{customer}", {"name": f"Jane {number}"})
        alice.patch(f"/billing/customers/{other}", {"name": f"Joan {number}"})
    asked = {"object": customer, "limit": 2}
    assert [event["sequence"] for event in alice.everything("/billing/events", **asked)] == [7, 6, 5, 4, 3, 2, 1]
    seen: list[int] = []
    page = follow(alice, **asked)
    while page["data"]:
        seen += [event["sequence"] for event in page["data"]]
        page = follow(alice, **asked, cursor=page["next_cursor"])
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    alice.patch(f"/billing/customers/{customer}", {"name": "Jane"})
    assert [event["sequence"] for event in follow(alice, **asked, cursor=page["next_cursor"])["data"]] == [8]


def test_the_events_of_one_object_are_read_from_after_another_ones(alice: Caller) -> None:
    customer, other = (alice.register_customer().json()["id"] for _ in range(2))
    alice.patch(f"/billing/customers/{customer}", {"name": "Jane"})
    alice.patch(f"/billing/customers/{other}", {"name": "Joan"})
    alice.patch(f"/billing/customers/{customer}", {"name": "Jane Doe"})
    joan = follow(alice, object=other)["data"][-1]
    assert [event["sequence"] for event in follow(alice, object=customer, after=joan["id"])["data"]] == [3]


def test_a_cursor_of_an_earlier_version_goes_on_where_it_was(
    alice: Caller, merchant: Merchant, ask: Ask[Tenant]
) -> None:
    customer = alice.register_customer().json()["id"]
    for number in range(3):
        alice.patch(f"/billing/customers/{customer}", {"name": f"Jane {number}"})
    third = follow(alice, object=customer)["data"][2]

    async def find(database: Database) -> Tenant:
        row = await database.row("select cell, tenant_id, position from events where id = $1", third["id"])
        assert row
        positions.append(row["position"])
        return Tenant(row["cell"], row["tenant_id"])

    positions: list[int] = []
    tenant = ask(find)
    for order, expected in (("oldest_first", [4]), ("newest_first", [2, 1])):
        filters = {"object": customer, "order": order}
        cursor = make_cursor(tenant, "events", filters, str(positions[0]))
        answer = alice.http.get("/billing/events", params=filters | {"cursor": cursor})
        assert [event["sequence"] for event in answer.json()["data"]] == expected


def test_it_waits_for_what_is_to_come(alice: Caller) -> None:
    cursor = follow(alice)["next_cursor"]
    threading.Timer(0.5, alice.register_customer).start()
    began = time.monotonic()
    page = follow(alice, cursor=cursor, wait=20)
    assert told(page) == [("customer.created", 1)]
    assert 0.3 < time.monotonic() - began < 3


def test_it_waits_for_what_another_process_does(
    alice: Caller, merchant: Merchant, second_server: RunningServer
) -> None:
    cursor = follow(alice)["next_cursor"]
    elsewhere = merchant.caller(base=second_server.base)
    threading.Timer(0.5, elsewhere.register_customer).start()
    began = time.monotonic()
    assert told(follow(alice, cursor=cursor, wait=20)) == [("customer.created", 1)]
    assert time.monotonic() - began < 3


def test_it_waits_no_longer_than_it_is_told_to(alice: Caller) -> None:
    began = time.monotonic()
    page = follow(alice, wait=1)
    assert (page["data"], page["has_more"]) == ([], False)
    assert 0.9 < time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("limit=0", "/limit", "out_of_range"),
        ("limit=101", "/limit", "out_of_range"),
        ("order=random", "/order", "unknown_order"),
        ("type=bill.payed", "/type", "unknown_type"),
        ("type=", "/type", "unknown_type"),
        ("wait=5", "/wait", "needs_order"),
        ("after=evt_1", "/after", "needs_order"),
        ("order=oldest_first&wait=31", "/wait", "out_of_range"),
        ("order=oldest_first&wait=-1", "/wait", "out_of_range"),
        ("order=oldest_first&cursor=x&after=evt_1", "/after", "only_one"),
        ("cursor=nonsense", "/cursor", "invalid_cursor"),
        ("status=new", "/status", "unknown_parameter"),
        ("metadata[key]=x", "/metadata[key]", "unknown_parameter"),
    ],
)
def test_nonsense_is_refused_by_name(query: str, pointer: str, code: str, alice: Caller) -> None:
    answer = alice.get(f"/billing/events?{query}")
    assert answer.status_code == 400
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def test_a_cursor_is_of_one_list(alice: Caller) -> None:
    cursor = follow(alice)["next_cursor"]
    for others in ("", "&order=oldest_first&type=bill.paid", "&order=newest_first"):
        assert alice.get(f"/billing/events?cursor={cursor}{others}").status_code == 400


def test_another_merchants_events_do_not_exist(
    alice: Caller, mallory: Caller, merchant: Merchant, new_merchant: Callable[[], Merchant]
) -> None:
    customer = alice.register_customer().json()["id"]
    page = follow(alice)
    [event] = page["data"]
    for stranger in (mallory, merchant.caller("live")):
        assert follow(stranger)["data"] == []
        assert follow(stranger, object=customer)["data"] == []
        assert stranger.get(f"/billing/events/{event['id']}").status_code == 404
        assert stranger.get(f"/billing/events?order=oldest_first&after={event['id']}").status_code == 404
        assert stranger.get(f"/billing/events?order=oldest_first&cursor={page['next_cursor']}").status_code == 400
    assert merchant.caller(kind="public").get("/billing/events").status_code == 403
