"""Webhook endpoints that are changed while attempts are under way, and events that are sent once more."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.journeys.outgoing import Stage, register_customers, rename
from tests.journeys.own_database import rows_of, until
from tests.journeys.receiver import FAILS, TAKEN, Arrival, Receiver, Reply
from tests.running import Caller, new_key


@pytest.fixture
def carol(outgoing: Stage) -> Caller:
    """A merchant's test secret key."""
    return outgoing.new_caller()


class Gate:
    """Holds every webhook until it is opened."""

    def __init__(self) -> None:
        self._opened = threading.Event()

    def __call__(self, _: Arrival) -> Reply:
        self._opened.wait(20)
        return TAKEN

    def open(self) -> None:
        """Lets all go on."""
        self._opened.set()


def resend(caller: Caller, endpoint_id: str, **which: Any) -> int:
    """Has events sent again; how many."""
    answer = caller.post(f"/billing/webhook_endpoints/{endpoint_id}/resend", which)
    assert answer.status_code == 202, answer.text
    number: int = answer.json()["events"]
    return number


def change(caller: Caller, endpoint_id: str, **changes: Any) -> None:
    """PATCHes an endpoint."""
    answer = caller.patch(f"/billing/webhook_endpoints/{endpoint_id}", changes)
    assert answer.status_code == 200, answer.text


def statuses(caller: Caller, endpoint_id: str) -> set[str]:
    """What became of the events of an endpoint."""
    return {one["status"] for one in caller.everything(f"/billing/webhook_endpoints/{endpoint_id}/deliveries")}


# While attempts are under way -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_deleted_is_sent_nothing_more(receiver: Receiver, carol: Caller) -> None:
    gate = Gate()
    endpoint = receiver.register(carol, "/a", gate)
    receiver.register(carol, "/b")
    register_customers(carol, 2)
    until(lambda: len(receiver.at("/a")) == 2)
    assert carol.http.delete(f"/billing/webhook_endpoints/{endpoint}").status_code == 200
    gate.open()
    register_customers(carol, 2)
    receiver.wait_for("/b", 4)
    time.sleep(1.5)
    assert len(receiver.at("/a")) == 2
    assert carol.get(f"/billing/webhook_endpoints/{endpoint}/deliveries").status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("patience", [0.2, 1.5])
def test_what_was_disabled_under_way_goes_on_when_it_is_enabled(
    receiver: Receiver, carol: Caller, patience: float
) -> None:
    gate = Gate()
    endpoint = receiver.register(carol, "/a", gate)
    receiver.register(carol, "/b")
    customers = register_customers(carol, 2)
    until(lambda: len(receiver.at("/a")) == 2)
    time.sleep(patience)
    change(carol, endpoint, status="disabled")
    gate.open()
    for one in customers:
        rename(carol, one)
    receiver.wait_for("/b", 4)
    time.sleep(1.2)
    assert {one.sequence for one in receiver.at("/a")} == {1}
    change(carol, endpoint, status="enabled")
    receiver.wait_for("/a", 4, seconds=5)
    receiver.hold_to_order("/a")


def test_a_secret_that_is_rotated_signs_the_next_attempt(outgoing: Stage, receiver: Receiver, carol: Caller) -> None:
    gate = Gate()
    endpoint = receiver.register(carol, "/a", gate)
    [customer] = register_customers(carol, 1)
    rename(carol, customer)
    until(lambda: receiver.at("/a"))
    path = f"/billing/webhook_endpoints/{endpoint}/rotate_secret"
    new = carol.http.post(path, headers={"Idempotency-Key": new_key()}).json()["secret"]
    time.sleep(1.5)
    receiver.secrets["/a"] = [new]
    gate.open()
    receiver.wait_for("/a", 2)
    assert [one.signatures for one in receiver.taken] == [1, 2]


def test_a_new_url_is_used_at_once_whatever_the_old_one_did(receiver: Receiver, carol: Caller) -> None:
    endpoint = receiver.register(carol, "/old", FAILS)
    register_customers(carol, 30)
    until(lambda: len(receiver.at("/old")) >= 10)
    time.sleep(0.5)
    receiver.secrets["/new"] = receiver.secrets["/old"]
    receiver.behave("/new", TAKEN)
    change(carol, endpoint, url=receiver.url("/new"))
    [customer] = register_customers(carol, 1)
    until(lambda: customer in {one.object_id for one in receiver.taken}, seconds=3)
    receiver.wait_for("/new", 31, seconds=10)


@pytest.mark.slow
def test_a_moments_trouble_is_over_in_moments(receiver: Receiver, carol: Caller) -> None:
    receiver.register(carol, "/a", FAILS)
    register_customers(carol, 100)
    until(lambda: len(receiver.at("/a")) >= 10)
    receiver.behave("/a", TAKEN)
    receiver.wait_for("/a", 100, seconds=9)


# Once more --------------------------------------------------------------------------------------------------------


def test_one_event_is_sent_again(receiver: Receiver, carol: Caller) -> None:
    endpoint = receiver.register(carol, "/a", event_types=["customer.created"])
    register_customers(carol, 3)
    receiver.wait_for("/a", 3)
    again = receiver.taken[1].event_id
    assert resend(carol, endpoint, event=again) == 1
    until(lambda: len(receiver.taken) == 4, seconds=3)
    assert receiver.taken[3].event_id == again
    carol.make_bill()
    [bill] = carol.everything("/billing/events", type="bill.created")
    assert resend(carol, endpoint, event=bill["id"]) == 1, "whatever its type: it was asked for"
    until(lambda: receiver.taken[-1].event_id == bill["id"], seconds=3)


def test_a_test_event_of_another_endpoint_is_not_sent_again_here(receiver: Receiver, carol: Caller) -> None:
    one, other = receiver.register(carol, "/one"), receiver.register(carol, "/other")
    path = f"/billing/webhook_endpoints/{one}/test"
    event = carol.http.post(path, headers={"Idempotency-Key": new_key()}).json()["id"]
    receiver.wait_for("/one", 1)
    answer = carol.post(f"/billing/webhook_endpoints/{other}/resend", {"event": event})
    assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found")


def test_the_events_of_a_time_are_sent_again_in_order(outgoing: Stage, receiver: Receiver, carol: Caller) -> None:
    endpoint = receiver.register(carol, "/a")
    receiver.register(carol, "/b")
    register_customers(carol, 2)
    time.sleep(0.05)
    since = datetime.now(UTC)
    customers = register_customers(carol, 5)
    for one in customers:
        rename(carol, one)
    receiver.wait_for("/a", 12)
    receiver.wait_for("/b", 12)
    before = len(receiver.at("/a"))
    assert resend(carol, endpoint, since=since.isoformat()) == 10
    until(lambda: len(receiver.at("/a")) == before + 10, seconds=5)
    time.sleep(0.3)
    again = receiver.at("/a")[before:]
    assert {one.object_id for one in again} == set(customers)
    for customer in customers:
        assert [one.sequence for one in again if one.object_id == customer] == [1, 2]
    assert len(receiver.at("/b")) == 12
    until(lambda: rows_of(outgoing.url, "select from webhook_resends where endpoint_id = $1", endpoint) == [])
    assert resend(carol, endpoint, since=datetime.now(UTC).isoformat()) == 0


def test_what_failed_for_good_is_sent_again_until_it_is_taken(
    outgoing: Stage, receiver: Receiver, carol: Caller
) -> None:
    unlucky: list[str] = []
    endpoint = receiver.register(carol, "/a", lambda one: FAILS if one.object_id in unlucky else TAKEN)
    unlucky += register_customers(carol, 1)
    rename(carol, unlucky[0])
    # As if its nine other attempts had been made.
    rows_of(outgoing.url, "update webhook_lanes set attempts = 9 where endpoint_id = $1", endpoint)
    until(lambda: statuses(carol, endpoint) == {"pending"})
    rows_of(outgoing.url, "update webhook_lanes set attempts = 9 where endpoint_id = $1", endpoint)
    outgoing.let_time_pass(10)
    until(lambda: "failed" in statuses(carol, endpoint))
    assert resend(carol, endpoint, failed=True) == 1
    tried = len(receiver.at("/a"))
    until(lambda: len(receiver.at("/a")) > tried, seconds=10)
    until(lambda: statuses(carol, endpoint) == {"pending"})
    unlucky.clear()
    outgoing.let_time_pass(10 * 60)
    until(lambda: statuses(carol, endpoint) == {"succeeded"}, seconds=5)


def test_more_than_can_be_sent_again_at_once_is_not_begun(outgoing: Stage, receiver: Receiver, carol: Caller) -> None:
    endpoint = receiver.register(carol, "/a")
    since = datetime.now(UTC)
    register_customers(carol, 1)
    receiver.wait_for("/a", 1)
    rows_of(
        outgoing.url,
        "insert into events (cell, tenant_id, id, type, object_id, data, created_at, sequence)"
        " select cell, tenant_id, id || n, 'customer.updated', object_id, data, created_at, n + 1"
        "   from events, generate_series(1, 10000) as n where object_id = $1",
        receiver.taken[0].object_id,
    )
    answer = carol.post(f"/billing/webhook_endpoints/{endpoint}/resend", {"since": since.isoformat()})
    assert answer.json()["code"] == "too_many_events"
    lanes = "select id from webhook_lanes where endpoint_id = $1 and last_sequence is not null"
    assert rows_of(outgoing.url, lanes, endpoint) == []
    assert rows_of(outgoing.url, "select from webhook_resends where endpoint_id = $1", endpoint) == []
    assert carol.http.delete(f"/billing/webhook_endpoints/{endpoint}").status_code == 200
