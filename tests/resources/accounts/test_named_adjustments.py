"""A charge has a name: the same again, under whatever Idempotency-Key, is told of the first."""

from typing import Any

import pytest

from tests.conftest import Merchant
from tests.journeys.burst import send_at_once
from tests.resources.accounts.test_update import KINDS, created, history, refused
from tests.resources.test_groups import Call
from tests.running import Caller, RunningServer, new_key

FEE = {"amount": 5000, "reason": "November fee", "external_reference": "FEE-11"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_charge_under_another_key_is_told_of_the_first(alice: Caller, kind: str) -> None:
    one = created(alice, kind, currency="ZAR", balance=100)
    path = f"/billing/{kind}/{one['id']}"
    first = alice.post(f"{path}/adjustments", FEE).json()
    assert first["external_reference"] == "FEE-11"
    assert alice.everything(f"{path}/entries")[0] == first

    key = new_key()
    again = alice.post(f"/billing/{kind}/{one['external_reference']}/adjustments", FEE, key)
    assert refused(again) == (409, "external_reference_taken", "/external_reference")
    problem = again.json()
    assert first["id"] in problem["detail"]
    assert (problem["existing"]["id"], problem["existing"]["amount"], problem["existing"]["currency"]) == (
        first["id"],
        5000,
        "ZAR",
    )
    assert problem["differs"] == []
    assert alice.post(f"/billing/{kind}/{one['external_reference']}/adjustments", FEE, key).content == again.content
    other = alice.post(f"{path}/adjustments", FEE | {"amount": 1, "reason": "Another"})
    assert other.json()["differs"] == ["amount", "reason"]
    assert history(alice, path) == [("opening", 100, 100), ("adjustment", 5000, 5100)]


def test_a_name_is_unique_per_owner_alone(alice: Caller, mallory: Caller) -> None:
    for caller in (alice, alice, mallory):
        path = f"/billing/accounts/{created(caller, 'accounts', currency='ZAR', balance=0)['id']}"
        assert caller.post(f"{path}/adjustments", FEE).status_code == 201
        assert caller.post(f"{path}/adjustments", FEE | {"external_reference": "FEE-12"}).status_code == 201
        assert caller.post(f"{path}/adjustments", {"amount": 1, "reason": "No name"}).status_code == 201
        assert caller.post(f"{path}/adjustments", {"amount": 1, "reason": "No name"}).status_code == 201


@pytest.mark.parametrize("reference", ["", " x", "ent_1", "x" * 256, "a\nb", 7])
def test_what_can_be_no_name_is_refused(alice: Caller, reference: Any) -> None:
    path = f"/billing/accounts/{created(alice, 'accounts', currency='ZAR', balance=0)['id']}"
    answer = alice.post(f"{path}/adjustments", FEE | {"external_reference": reference})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/external_reference")


def test_of_many_at_once_exactly_one_charges(
    merchant: Merchant, server: RunningServer, second_server: RunningServer
) -> None:
    """In a group, in two, since it is named in two ways, and in two processes."""
    alice = merchant.caller()
    one = created(alice, "accounts", currency="ZAR", balance=0)
    shots = [
        Call(base, merchant.key(), FEE, method="POST", path=f"/billing/accounts/{name}/adjustments")
        for _ in range(6)
        for base in (server.base, second_server.base)
        for name in (one["id"], one["external_reference"])
    ]
    answers = send_at_once(shots)
    assert sorted(answer.status for answer in answers) == [201] + [409] * (len(shots) - 1)
    assert {answer.code for answer in answers if answer.status == 409} == {"external_reference_taken"}
    path = f"/billing/accounts/{one['id']}"
    assert history(alice, path) == [("opening", 0, 0), ("adjustment", 5000, 5000)]
