"""Requests of several tenants that share a transaction: each is about its own tenant's objects alone."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import Merchant
from tests.journeys.burst import Answer, Shot, send_at_once
from tests.running import Caller, RunningServer, new_reference

KINDS = ("customers", "accounts", "bills")

ROUNDS = 4


@dataclass(frozen=True)
class Call(Shot):
    """Any request; `body` None: it has none."""

    method: str = "GET"
    path: str = "/"

    def text(self) -> bytes:
        """The whole request."""
        body = b"" if self.body is None else json.dumps(self.body).encode()
        head = [
            f"{self.method} {self.path} HTTP/1.1",
            f"Host: {urlsplit(self.base).netloc}",
            f"Authorization: Bearer {self.secret}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            f"Idempotency-Key: {self.key}",
            "Connection: close",
        ]
        return "\r\n".join([*head, "", ""]).encode() + body


@dataclass(frozen=True)
class Tenant:
    """A merchant in one mode, with one object of each kind; every tenant gives them the same references."""

    number: int
    secret: str
    caller: Caller
    objects: dict[str, dict[str, Any]]

    @property
    def cents(self) -> int:
        """An amount that tells who adjusts: sums of different tenants' never look alike."""
        return int(100**self.number)


@pytest.fixture
def tenants(new_merchant: Callable[[], Merchant]) -> list[Tenant]:
    """Three tenants, two of them one merchant's."""
    one, other = new_merchant(), new_merchant()
    references = {kind: new_reference(kind.upper()) for kind in KINDS}
    found = []
    for number, secret in enumerate([one.key("test"), one.key("live"), other.key("test")]):
        caller = Caller(one.base, secret)
        fields: dict[str, Any] = {"currency": "ZAR", "balance": 10**8 * (number + 1), "name": f"Tenant {number}"}
        customer = caller.register_customer(external_reference=references["customers"], **fields).json()
        account = caller.open_account(
            customer=customer["id"], external_reference=references["accounts"], **fields
        ).json()
        bill = caller.make_bill(
            customer=customer["id"], external_reference=references["bills"], amount_due=10**8 * (number + 1)
        ).json()
        objects = {"customers": customer, "accounts": account, "bills": bill}
        found.append(Tenant(number, secret, caller, objects))
    return found


def calls(server: RunningServer, tenants: list[Tenant], kind: str, call: Call, below: str = "") -> list[Call]:
    """`call` by every tenant for every name that any tenant has for its object of this kind, several times over."""
    names = [tenant.objects[kind]["id"] for tenant in tenants] + [tenants[0].objects[kind]["external_reference"]] * 2
    return [
        replace(one, path=f"/billing/{kind}/{name}{below}", secret=tenant.secret)
        for _ in range(ROUNDS)
        for name in names
        for tenant in tenants
        for one in [Call(server.base, "", call.body, method=call.method)]
    ]


def sorted_out(shots: list[Call], tenants: list[Tenant], kind: str) -> Iterator[tuple[Tenant, Answer]]:
    """Sends all at once; who asked, and the answer, for everyone who asked for its own. The others found nothing."""
    by_secret = {tenant.secret: tenant for tenant in tenants}
    for shot, answer in zip(shots, send_at_once(shots), strict=True):
        tenant = by_secret[shot.secret]
        own = tenant.objects[kind]
        if shot.path.split("/")[3] in (own["id"], own["external_reference"]):
            yield tenant, answer
        else:
            assert (answer.status, answer.code) == (404, f"{kind[:-1]}_not_found")


def largest_group(server: RunningServer, answers: list[Answer]) -> int:
    """The size of the largest group that any of the answers came from."""
    asked = {answer.headers["request-id"] for answer in answers}
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.endswith("}")]
        sizes = [line["group_size"] for line in lines if line.get("request_id") in asked]
        if len(sizes) == len(asked):
            largest: int = max(sizes)
            return largest
        time.sleep(0.05)
    raise AssertionError("the log does not tell")


@pytest.mark.parametrize("kind", KINDS)
def test_readers_of_one_group_each_see_their_own(server: RunningServer, tenants: list[Tenant], kind: str) -> None:
    answers = []
    for tenant, answer in sorted_out(calls(server, tenants, kind, Call(server.base, "", None)), tenants, kind):
        assert (answer.status, answer.json) == (200, tenant.objects[kind])
        answers.append(answer)
    assert len(answers) == ROUNDS * 9
    assert largest_group(server, answers) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_changes_of_one_group_each_change_their_own(server: RunningServer, tenants: list[Tenant], kind: str) -> None:
    shots = calls(server, tenants, kind, Call(server.base, "", None, method="PATCH"))
    number_of = {tenant.secret: str(tenant.number) for tenant in tenants}
    shots = [replace(shot, body={"metadata": {"by": number_of[shot.secret]}}) for shot in shots]
    answers = []
    for tenant, answer in sorted_out(shots, tenants, kind):
        own = tenant.objects[kind]
        assert (answer.status, answer.json) == (200, own | {"metadata": {"by": str(tenant.number)}})
        answers.append(answer)
    assert largest_group(server, answers) > 1
    for tenant in tenants:
        own = tenant.objects[kind] | {"metadata": {"by": str(tenant.number)}}
        assert tenant.caller.everything(f"/billing/{kind}") == [own]
        assert tenant.caller.everything(f"/billing/{kind}", **{"metadata[by]": str(tenant.number)}) == [own]


@pytest.mark.parametrize("kind", ["customers", "accounts"])
def test_adjustments_of_one_group_each_count_for_their_own(
    server: RunningServer, tenants: list[Tenant], kind: str
) -> None:
    shots = calls(server, tenants, kind, Call(server.base, "", None, method="POST"), "/adjustments")
    cents_of = {tenant.secret: tenant.cents for tenant in tenants}
    shots = [replace(shot, body={"amount": cents_of[shot.secret], "reason": "x"}) for shot in shots]
    answers = []
    for tenant, answer in sorted_out(shots, tenants, kind):
        assert (answer.status, answer.json["amount"]) == (201, tenant.cents)
        answers.append(answer)
    assert largest_group(server, answers) > 1

    ledgers = calls(server, tenants, kind, Call(server.base, "", None), "/entries")
    for tenant, answer in sorted_out(ledgers, tenants, kind):
        entries = answer.json["data"]
        opening = tenant.objects[kind]["balance"]
        assert [entry["amount"] for entry in entries] == [tenant.cents] * 3 * ROUNDS + [opening]
        assert entries[0]["balance_after"] == opening + 3 * ROUNDS * tenant.cents
    for tenant in tenants:
        path = f"/billing/{kind}/{tenant.objects[kind]['id']}"
        assert tenant.caller.get(path).json()["balance"] == tenant.objects[kind]["balance"] + 3 * ROUNDS * tenant.cents


def test_what_is_made_in_one_group_belongs_to_whoever_made_it(server: RunningServer, tenants: list[Tenant]) -> None:
    reference = new_reference()
    shots = []
    for number in range(8):
        for tenant in tenants:
            owners = [tenant.objects["accounts"]["external_reference"], tenant.objects["accounts"]["id"]]
            body = {"external_reference": f"{reference}-{number}", "currency": "ZAR", "amount_due": tenant.cents}
            body["account"] = owners[number % 2]
            shots.append(Call(server.base, tenant.secret, body, method="POST", path="/billing/bills"))
    answers = send_at_once(shots)
    for tenant, answer in zip(tenants * 8, answers, strict=True):
        own = tenant.objects["accounts"]
        assert answer.status == 201
        assert (answer.json["account_id"], answer.json["customer_id"]) == (own["id"], own["customer_id"])
        assert answer.json["amount_due"] == tenant.cents
    assert largest_group(server, answers) > 1
    for tenant in tenants:
        assert len(tenant.caller.everything("/billing/bills", account=tenant.objects["accounts"]["id"])) == 8


def test_one_key_in_one_group_is_a_key_of_each_tenant(server: RunningServer, tenants: list[Tenant]) -> None:
    path, key = f"/billing/bills/{tenants[0].objects['bills']['external_reference']}/void", new_reference("key")
    shots = [Call(server.base, tenant.secret, None, key, path, "POST") for tenant in tenants for _ in range(6)]
    for shot, answer in zip(shots, send_at_once(shots), strict=True):
        own = next(tenant for tenant in tenants if tenant.secret == shot.secret).objects["bills"]
        voided = own | {"status": "voided", "voided_at": answer.json["voided_at"]}
        assert (answer.status, answer.json) == (200, voided)
