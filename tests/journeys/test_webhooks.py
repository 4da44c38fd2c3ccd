"""What somebody who is sent webhooks can rely on, whatever else goes wrong."""

import json
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.outgoing import Stage, register_customers, rename
from tests.journeys.own_database import until
from tests.journeys.receiver import FAILS, HANGS, TAKEN, Arrival, Receiver, Reply
from tests.running import Caller, new_key


@pytest.fixture
def carol(outgoing: Stage) -> Caller:
    """A merchant's test secret key."""
    return outgoing.new_caller()


def deliveries(caller: Caller, endpoint_id: str, **parameters: str | int) -> list[Any]:
    """What became of events at an endpoint, newest event first."""
    return caller.everything(f"/billing/webhook_endpoints/{endpoint_id}/deliveries", **parameters)


def change(caller: Caller, endpoint_id: str, **changes: Any) -> None:
    """PATCHes an endpoint."""
    answer = caller.patch(f"/billing/webhook_endpoints/{endpoint_id}", changes)
    assert answer.status_code == 200, answer.text


def do(caller: Caller, endpoint_id: str, what: str, body: Any = None) -> Any:
    """POSTs to an endpoint's rotate_secret, test or resend; the answer."""
    path = f"/billing/webhook_endpoints/{endpoint_id}/{what}"
    answer = caller.post(path, body) if body else caller.http.post(path, headers={"Idempotency-Key": new_key()})
    assert answer.is_success, answer.text
    return answer.json()


# In order, and nobody waits for another --------------------------------------------------------------------------


def test_each_objects_events_come_in_order_though_some_fail(outgoing: Stage, receiver: Receiver, carol: Caller) -> None:
    dice = random.Random(7)
    receiver.register(carol, "/a", lambda _: FAILS if dice.random() < 0.15 else TAKEN)
    with outgoing.hurrying(600, 0.3):
        customers = register_customers(carol, 20)
        for _ in range(3):
            for one in customers:
                rename(carol, one)
        receiver.wait_for("/a", 80)
    receiver.hold_to_order("/a")
    assert len(receiver.at("/a")) > 80


@pytest.mark.slow
def test_an_object_that_always_fails_holds_up_no_other(outgoing: Stage, receiver: Receiver, carol: Caller) -> None:
    [unlucky] = register_customers(carol, 1)
    endpoint = receiver.register(carol, "/a", lambda one: FAILS if one.object_id == unlucky else TAKEN)
    rename(carol, unlucky)
    rename(carol, unlucky)
    others = register_customers(carol, 10)
    receiver.wait_for("/a", 10, seconds=3)
    assert {one.object_id for one in receiver.taken} == set(others)
    assert {one.sequence for one in receiver.at("/a") if one.object_id == unlucky} == {2}, "and none before its turn"
    with outgoing.hurrying(6 * 3600, 0.2):  # and the others go on, so that the endpoint is not given up
        until(lambda: register_customers(carol, 1) and deliveries(carol, endpoint, status="failed"))
    assert len(deliveries(carol, endpoint, status="failed")[-1]["attempts"]) == 10
    until(lambda: 3 in {one.sequence for one in receiver.at("/a") if one.object_id == unlucky})


@pytest.mark.slow
def test_an_endpoint_that_hangs_holds_up_no_other(outgoing: Stage, receiver: Receiver, carol: Caller) -> None:
    for number in range(3):
        receiver.register(carol, f"/hangs/{number}", HANGS)
    receiver.register(carol, "/well")
    register_customers(carol, 300)
    receiver.wait_for("/well", 300, seconds=5)
    slowest = 0.0
    for _ in range(5):
        time.sleep(0.3)
        began, number = time.monotonic(), len(receiver.ids("/well"))
        register_customers(carol, 10)
        receiver.wait_for("/well", number + 10, seconds=5)
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 1.5
    assert 0 < len(receiver.at("/hangs/0")) <= 40, "no more than a few are under way to one that does not answer"


@pytest.mark.slow
def test_a_merchant_whose_endpoints_all_hang_holds_up_no_other(
    outgoing: Stage, receiver: Receiver, carol: Caller
) -> None:
    mallory = outgoing.new_caller()
    for number in range(20):
        receiver.register(mallory, f"/hangs/{number}", HANGS)
    receiver.register(carol, "/well")
    register_customers(mallory, 60)
    slowest = 0.0
    for number in range(5):
        began = time.monotonic()
        register_customers(carol, 3)
        receiver.wait_for("/well", 3 * number + 3)
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.3)
    assert slowest < 1.5
    for one in mallory.everything("/billing/webhook_endpoints"):
        assert mallory.http.delete(f"/billing/webhook_endpoints/{one['id']}").status_code == 200


@pytest.mark.slow
def test_an_answer_that_takes_long_holds_up_no_other_object(receiver: Receiver, carol: Caller) -> None:
    [slow] = register_customers(carol, 1)

    def behave(one: Arrival) -> Reply:
        if one.object_id == slow:
            time.sleep(1.5)
        return TAKEN

    receiver.register(carol, "/a", behave)
    rename(carol, slow)
    rename(carol, slow)
    register_customers(carol, 20)
    receiver.wait_for("/a", 20, seconds=1.4)
    receiver.wait_for("/a", 22, seconds=8)
    assert [one.sequence for one in receiver.at("/a") if one.object_id == slow] == [2, 3], "each once"


# To whom ----------------------------------------------------------------------------------------------------------


def test_an_endpoint_is_sent_the_types_it_asked_for(receiver: Receiver, carol: Caller) -> None:
    receiver.register(carol, "/bills", event_types=["bill.created", "account.created"])
    receiver.register(carol, "/all")
    register_customers(carol, 3)
    bill = carol.make_bill().json()
    receiver.wait_for("/all", 5)
    receiver.wait_for("/bills", 1)
    time.sleep(0.3)
    assert [(one.type, one.data) for one in receiver.at("/bills")] == [("bill.created", bill)]


def test_a_mode_and_a_merchant_are_sent_their_own_alone(outgoing: Stage, receiver: Receiver) -> None:
    merchant = outgoing.new_merchant()
    callers = {"/test": merchant.caller("test"), "/other": outgoing.new_caller()}
    customers = {}
    for path, caller in callers.items():
        receiver.register(caller, path)
    for path, caller in callers.items():
        customers[path] = set(register_customers(caller, 3))
    register_customers(merchant.caller("live"), 3)
    for path in callers:
        receiver.wait_for(path, 3)
    time.sleep(0.3)
    for path in callers:
        assert {one.object_id for one in receiver.at(path)} == customers[path]


def test_a_test_event_reaches_its_endpoint_alone(receiver: Receiver, carol: Caller) -> None:
    one = receiver.register(carol, "/one", event_types=["bill.paid"])
    receiver.register(carol, "/two")
    sent = do(carol, one, "test")
    receiver.wait_for("/one", 1)
    register_customers(carol, 1)
    receiver.wait_for("/two", 1)
    assert receiver.ids("/one") == {sent["id"]}
    assert sent["id"] not in receiver.ids("/two")
    assert receiver.taken[0].data == sent["data"]


# How it is answered -----------------------------------------------------------------------------------------------


def test_both_secrets_sign_while_they_are_rotated(outgoing: Stage, receiver: Receiver, carol: Caller) -> None:
    endpoint = receiver.register(carol, "/a")
    [old] = receiver.secrets["/a"]
    new = do(carol, endpoint, "rotate_secret")["secret"]
    for secret in (old, new):
        receiver.secrets["/a"] = [secret]
        number = len(receiver.ids("/a"))
        register_customers(carol, 1)
        receiver.wait_for("/a", number + 1)
    outgoing.let_time_pass(25 * 3600)
    time.sleep(1.2)
    register_customers(carol, 1)
    receiver.wait_for("/a", 3)
    assert [one.signatures for one in receiver.at("/a")] == [2, 2, 1]


def test_an_endpoint_that_is_gone_is_disabled(outgoing: Stage, receiver: Receiver, carol: Caller) -> None:
    endpoint = receiver.register(carol, "/gone", Reply(410))
    receiver.register(carol, "/well")
    register_customers(carol, 1)
    receiver.wait_for("/well", 2)
    told = next(one for one in receiver.taken if one.type == "webhook_endpoint.disabled")
    shown = carol.get(f"/billing/webhook_endpoints/{endpoint}").json()
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "gone")
    assert told.data == shown
    lines = [json.loads(line) for line in outgoing.server.log.read_text().splitlines()]
    assert [one["reason"] for one in lines if one.get("endpoint_id") == endpoint] == ["gone"]
    register_customers(carol, 2)
    receiver.wait_for("/well", 4)
    assert len(receiver.at("/gone")) == 1
    receiver.behave("/gone", TAKEN)
    change(carol, endpoint, status="enabled")
    outgoing.let_time_pass(10)
    receiver.wait_for("/gone", 4)
    receiver.hold_to_order("/gone")


def test_an_endpoint_that_asks_for_time_is_given_it(receiver: Receiver, carol: Caller) -> None:
    receiver.register(carol, "/busy", Reply(503, {"retry-after": "2"}))
    register_customers(carol, 1)
    until(lambda: receiver.at("/busy"))
    receiver.behave("/busy", TAKEN)
    register_customers(carol, 1)
    receiver.wait_for("/busy", 1)
    first, second = receiver.at("/busy")
    assert first.object_id != second.object_id
    assert 1.8 <= second.at - first.at < 4


def test_a_redirect_is_a_failure_and_not_followed(receiver: Receiver, carol: Caller) -> None:
    receiver.behave("/elsewhere", TAKEN)
    endpoint = receiver.register(carol, "/moved", Reply(307, {"location": receiver.url("/elsewhere")}, b"over there"))
    register_customers(carol, 1)
    until(lambda: deliveries(carol, endpoint))
    [told] = deliveries(carol, endpoint)
    assert told["status"] == "pending"
    assert (told["attempts"][0]["status"], told["attempts"][0]["answer"]) == (307, "over there")
    assert receiver.at("/elsewhere") == []


def test_every_attempt_is_shown(outgoing: Stage, receiver: Receiver, carol: Caller) -> None:
    endpoint = receiver.register(carol, "/a", Reply(500, body=b"x" * 30_000))
    before = datetime.now(UTC)
    register_customers(carol, 1)
    until(lambda: deliveries(carol, endpoint))
    receiver.behave("/a", Reply(204))
    outgoing.let_time_pass(10)
    receiver.wait_for("/a", 1)
    until(lambda: deliveries(carol, endpoint, status="succeeded"))
    [told] = deliveries(carol, endpoint)
    first, second = told["attempts"]
    assert (told["event_id"], told["event_type"]) == (receiver.taken[0].event_id, "customer.created")
    assert (first["status"], first["answer"], second["status"]) == (500, "x" * 1024, 204)
    assert all(0 <= one["duration_ms"] < 1000 for one in told["attempts"])
    at = [datetime.fromisoformat(one["at"]) for one in told["attempts"]]
    assert before - timedelta(seconds=0.1) <= at[0] < at[1]
    assert "next_attempt_at" not in told
