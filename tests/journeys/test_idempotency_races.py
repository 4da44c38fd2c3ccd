"""Requests that race each other, on one server process and on two: each is carried out once, and answered rightly."""

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from dues.db.database import Database
from dues.db.transaction import Row
from tests.conftest import Ask, Merchant
from tests.journeys.burst import Answer, Shot, send_at_once
from tests.running import RunningServer, new_key, new_reference

AT_ONCE = 40

TENANT = "(select id from tenants where merchant_id = $1 and mode = 'test')"


@dataclass
class Doors:
    """The servers that requests of one test are spread over."""

    bases: list[str]
    secret: str

    def shot(self, number: int, body: Any, key: str | None = "new", secret: str | None = None) -> Shot:
        """A request to the server whose turn it is."""
        base = self.bases[number % len(self.bases)]
        return Shot(base, secret or self.secret, body, new_key() if key == "new" else key)

    def send(self, bodies: list[Any], key: str | None = None) -> list[Answer]:
        """Sends all at once, under one key or each under its own."""
        return send_at_once([self.shot(number, body, key or "new") for number, body in enumerate(bodies)])


@dataclass
class Inside:
    """What the database holds of a merchant's test data."""

    ask: Ask[list[Row]]
    merchant_id: str

    def rows(self, query: str) -> list[Row]:
        """Rows of a query; $1 is the merchant's id."""

        async def run(database: Database) -> list[Row]:
            return await database.rows(query, self.merchant_id)

        return self.ask(run)

    def count(self, table: str) -> int:
        """How many rows of `table` are the merchant's."""
        found: int = self.rows(f"select count(*) as n from {table} where tenant_id = {TENANT}")[0]["n"]
        return found

    def events(self) -> Counter[str]:
        """How many events there are of each type."""
        return Counter(row["type"] for row in self.rows(f"select type from events where tenant_id = {TENANT}"))

    def stored(self) -> dict[str, int]:
        """Every idempotency key, and the status of the answer under it."""
        rows = self.rows(f"select key, status from idempotency_keys where tenant_id = {TENANT}")
        return {row["key"]: row["status"] for row in rows}

    def expire(self, key: str) -> None:
        """Makes a key as old as it needs to be."""
        self.rows(
            "update idempotency_keys set expires_at = now() - interval '1 second'"
            f" where tenant_id = {TENANT} and key = '{key}'"
        )


@pytest.fixture(params=[1, 2], ids=["one process", "two processes"])
def doors(request: pytest.FixtureRequest, server: RunningServer, merchant: Merchant) -> Doors:
    """One server, or two on the same database."""
    bases = [server.base]
    if request.param == 2:
        other: RunningServer = request.getfixturevalue("second_server")
        bases.append(other.base)
    return Doors(bases, merchant.key())


@pytest.fixture
def inside(ask: Ask[list[Row]], merchant: Merchant) -> Inside:
    """The merchant's rows."""
    return Inside(ask, merchant.id)


def new_account(**changes: Any) -> dict[str, Any]:
    """A body that opens an account with a balance, for a new customer."""
    body = {
        "customer": {"external_reference": new_reference("CUST"), "name": "Jane Doe"},
        "external_reference": new_reference("UAR"),
        "currency": "ZAR",
        "balance": 2000,
    }
    return body | changes


def only_fresh(answers: list[Answer]) -> Answer:
    """The one answer of many that is not a replay; all others are replays of it, byte for byte."""
    fresh = [answer for answer in answers if not answer.replayed]
    assert Counter(answer.status for answer in answers) == {fresh[0].status: len(answers)}
    assert len(fresh) == 1
    assert {answer.body for answer in answers} == {fresh[0].body}
    assert len({answer.headers["request-id"] for answer in answers}) == len(answers)
    assert len({answer.headers["content-type"] for answer in answers}) == 1
    return fresh[0]


# One of each kind -------------------------------------------------------------------------------------------------


def test_one_key_sent_at_once_is_carried_out_once(doors: Doors, inside: Inside) -> None:
    body, key = new_account(), new_key()
    answer = only_fresh(doors.send([body] * AT_ONCE, key))
    assert answer.status == 201
    assert answer.json["external_reference"] == body["external_reference"]
    assert (inside.count("accounts"), inside.count("customers"), inside.count("entries")) == (1, 1, 1)
    assert inside.events() == {"account.created": 1, "customer.created": 1}
    assert inside.stored() == {key: 201}


def test_one_key_sent_at_once_in_different_spellings_is_carried_out_once(doors: Doors, inside: Inside) -> None:
    body, key = new_account(), new_key()
    turned = dict(reversed(body.items()))
    answers = doors.send([turned if number % 3 else body for number in range(AT_ONCE)], key)
    assert only_fresh(answers).status == 201
    assert inside.count("accounts") == 1


def test_a_refusal_sent_at_once_is_the_same_for_all(doors: Doors, inside: Inside) -> None:
    key = new_key()
    answer = only_fresh(doors.send([new_account(customer="NOBODY")] * AT_ONCE, key))
    assert (answer.status, answer.code) == (404, "customer_not_found")
    assert inside.stored() == {key: 404}


def test_one_reference_under_many_keys_opens_one_account(doors: Doors, inside: Inside) -> None:
    reference = new_reference()
    answers = doors.send([new_account(external_reference=reference) for _ in range(AT_ONCE)])
    assert Counter((answer.status, answer.json.get("code")) for answer in answers) == {
        (201, None): 1,
        (409, "external_reference_taken"): AT_ONCE - 1,
    }
    assert not any(answer.replayed for answer in answers)
    assert {answer.json["pointer"] for answer in answers if answer.status == 409} == {"/external_reference"}
    # Who was refused has no customer either.
    assert (inside.count("accounts"), inside.count("customers"), inside.count("entries")) == (1, 1, 1)
    assert inside.events() == {"account.created": 1, "customer.created": 1}
    assert Counter(inside.stored().values()) == {201: 1, 409: AT_ONCE - 1}


def test_one_new_customer_under_many_keys_is_registered_once(doors: Doors, inside: Inside) -> None:
    customer = {"external_reference": new_reference("CUST"), "currency": "ZAR", "balance": 5}
    answers = doors.send([new_account(customer=customer) for _ in range(AT_ONCE)])
    assert Counter((answer.status, answer.json.get("pointer")) for answer in answers) == {
        (201, None): 1,
        (409, "/customer/external_reference"): AT_ONCE - 1,
    }
    assert (inside.count("accounts"), inside.count("customers"), inside.count("entries")) == (1, 1, 2)
    assert inside.events() == {"account.created": 1, "customer.created": 1}


def test_one_key_sent_at_once_with_two_bodies_answers_one_of_them(doors: Doors, inside: Inside) -> None:
    bodies, key = [new_account(), new_account()], new_key()
    answers = doors.send([bodies[number // 2 % 2] for number in range(AT_ONCE)], key)
    by_body = [[answers[n] for n in range(AT_ONCE) if n // 2 % 2 == which] for which in (0, 1)]
    winners, losers = sorted(by_body, key=lambda group: group[0].status)
    assert only_fresh(winners).status == 201
    assert {(answer.status, answer.code) for answer in losers} == {(422, "idempotency_key_reused")}
    assert not any(answer.replayed for answer in losers)
    assert inside.count("accounts") == 1
    assert inside.stored() == {key: 201}


def test_many_different_requests_at_once_are_all_carried_out(doors: Doors, inside: Inside) -> None:
    answers = doors.send([new_account() for _ in range(3 * AT_ONCE)])
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 3 * AT_ONCE
    assert inside.count("accounts") == inside.count("customers") == inside.count("entries") == 3 * AT_ONCE


def test_one_customer_gets_many_accounts_at_once(doors: Doors, inside: Inside) -> None:
    customer = doors.send([new_account()])[0].json["customer_id"]
    reference = inside.rows(f"select external_reference from customers where tenant_id = {TENANT}")[0]
    names = [customer, reference["external_reference"]]
    answers = doors.send([new_account(customer=names[number % 2]) for number in range(AT_ONCE)])
    assert {(answer.status, answer.json["customer_id"]) for answer in answers} == {(201, customer)}
    assert (inside.count("customers"), inside.count("accounts")) == (1, AT_ONCE + 1)


# All kinds together -----------------------------------------------------------------------------------------------


def test_a_burst_of_everything_gives_each_its_own_answer(doors: Doors, inside: Inside, merchant: Merchant) -> None:
    used_key = new_key()
    assert doors.send([new_account()], used_key)[0].status == 201
    shared_key, shared_body, shared_reference = new_key(), new_account(), new_reference()
    revoked = "sk_test_" + "0" * 28
    kinds: list[tuple[str, Any, str | None, str | None]] = []
    for _ in range(8):
        kinds += [
            ("201 None", new_account(), "new", None),
            ("400 malformed_json", b'{"customer": "x", ', "new", None),
            ("400 validation_failed", new_account(currency="zar"), "new", None),
            ("400 idempotency_key_missing", new_account(), None, None),
            ("401 unauthorized", new_account(), "new", revoked),
            ("403 secret_key_required", new_account(), "new", merchant.key(kind="public")),
            ("404 customer_not_found", new_account(customer="NOBODY"), "new", None),
            ("422 amount_out_of_range", new_account(balance=2**53), "new", None),
            ("422 idempotency_key_reused", new_account(), used_key, None),
            ("same key", shared_body, shared_key, None),
            ("same reference", new_account(external_reference=shared_reference), "new", None),
            ("201 of live data", new_account(external_reference=shared_reference), "new", merchant.key("live")),
        ]
    # The live ones share a reference among themselves, not with those in test mode.
    expected = [kind for kind, *_ in kinds]
    shots = [doors.shot(number // 12, body, key, secret) for number, (_, body, key, secret) in enumerate(kinds)]
    answers = send_at_once(shots)

    told: dict[str, list[Answer]] = {}
    for kind, answer in zip(expected, answers, strict=True):
        told.setdefault(kind, []).append(answer)
        assert answer.headers["request-id"].startswith("req_")
        if kind[0].isdigit() and "live" not in kind:
            assert f"{answer.status} {answer.json.get('code')}" == kind
            assert not answer.replayed
    assert only_fresh(told["same key"]).status == 201
    for kind in ("same reference", "201 of live data"):
        assert Counter(answer.status for answer in told[kind]) == {201: 1, 409: 7}

    created = 8 + 1 + 1 + 1
    assert (inside.count("accounts"), inside.count("customers"), inside.count("entries")) == (created,) * 3
    assert inside.events() == {"account.created": created, "customer.created": created}
    wanted = Counter({201: created, 404: 8, 409: 7, 422: 8})
    assert Counter(inside.stored().values()) == wanted
    kept = {shot.key for shot, kind in zip(shots, expected, strict=True) if kind[:3] in ("201", "404", "422", "sam")}
    live = {shot.key for shot, kind in zip(shots, expected, strict=True) if "live" in kind}
    assert inside.stored().keys() == kept - live


def test_after_a_burst_everything_replays(doors: Doors) -> None:
    bodies = [new_account(), new_account(customer="NOBODY"), new_account(balance=2**53)] * 10
    shots = [doors.shot(number, body) for number, body in enumerate(bodies)]
    first, again = send_at_once(shots), send_at_once(list(reversed(shots)))[::-1]
    assert Counter(answer.status for answer in first) == {201: 1, 409: 9, 404: 10, 422: 10}
    assert [(answer.status, answer.body) for answer in first] == [(answer.status, answer.body) for answer in again]
    assert [answer.replayed for answer in again] == [True] * len(bodies)
    assert not any(answer.replayed for answer in first)


# Waiting for another ----------------------------------------------------------------------------------------------


class Rival:
    """Another program's transaction that has used a key, and takes its time."""

    def __init__(self, database_url: str, merchant: Merchant, key: str) -> None:
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(database_url))
        self._runner.run(self._connection.execute("begin"))
        values = "$2, '\\x00', 'POST', '/', 201, '{}', 'req_', null, now(), now() + interval '1 day'"
        tenant = "from tenants where merchant_id = $1 and mode = 'test'"
        query = f"insert into idempotency_keys select cell, id, {values} {tenant}"
        self._runner.run(self._connection.execute(query, merchant.id, key))

    def __enter__(self) -> "Rival":
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()


@pytest.mark.slow
def test_who_waits_too_long_for_another_is_told_to_come_back(
    database_url: str, merchant: Merchant, server: RunningServer, inside: Inside
) -> None:
    doors = Doors([server.base], merchant.key())
    body, key = new_account(), new_key()
    with ThreadPoolExecutor(1) as elsewhere, Rival(database_url, merchant, key):
        waiting = elsewhere.submit(doors.send, [body], key)
        time.sleep(0.5)
        started = time.monotonic()
        assert {answer.status for answer in doors.send([new_account() for _ in range(5)])} == {201}
        assert time.monotonic() - started < 2, "who needs something else does not wait"
        assert not waiting.done()
        answer = waiting.result()[0]
        assert 2 < time.monotonic() - started < 10
    assert (answer.status, answer.code) == (409, "request_in_progress")
    assert int(answer.headers["retry-after"]) >= 1
    assert key not in inside.stored()

    # That was not the work's answer: the key is still free, and the work not done.
    answer = only_fresh(doors.send([body] * 3, key))
    assert answer.status == 201


def test_who_waits_a_moment_for_another_gets_its_own_answer(
    database_url: str, merchant: Merchant, doors: Doors
) -> None:
    body, key = new_account(), new_key()
    with ThreadPoolExecutor(1) as elsewhere:
        with Rival(database_url, merchant, key):
            waiting = elsewhere.submit(doors.send, [body] * 4, key)
            time.sleep(0.5)
            assert not waiting.done()
        assert only_fresh(waiting.result()).status == 201


# Expiry -----------------------------------------------------------------------------------------------------------


def test_an_expired_key_is_new_but_references_stay_taken(doors: Doors, inside: Inside) -> None:
    body, key = new_account(), new_key()
    assert doors.send([body], key)[0].status == 201
    inside.expire(key)

    answer = only_fresh(doors.send([body] * AT_ONCE, key))
    assert (answer.status, answer.code) == (409, "external_reference_taken")
    assert inside.stored() == {key: 409}
    assert inside.count("accounts") == 1


def test_an_expired_key_carries_out_another_request_once(doors: Doors, inside: Inside) -> None:
    key = new_key()
    assert doors.send([new_account()], key)[0].status == 201
    inside.expire(key)

    body = new_account()
    answer = only_fresh(doors.send([body] * AT_ONCE, key))
    assert answer.status == 201
    assert answer.json["external_reference"] == body["external_reference"]
    assert inside.stored() == {key: 201}
    assert inside.count("accounts") == 2


def test_expired_and_current_keys_meet_in_one_burst(doors: Doors, inside: Inside) -> None:
    bodies = [new_account() for _ in range(AT_ONCE)]
    shots = [doors.shot(number, body) for number, body in enumerate(bodies)]
    first = send_at_once(shots)
    for shot in shots[::2]:
        assert shot.key
        inside.expire(shot.key)
    again = send_at_once(shots)
    assert [answer.status for answer in again] == [409, 201] * (AT_ONCE // 2)
    assert [answer.replayed for answer in again] == [False, True] * (AT_ONCE // 2)
    assert [answer.body for answer in again[1::2]] == [answer.body for answer in first[1::2]]
    assert inside.count("accounts") == AT_ONCE


# Restarts ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_answers_are_replayed_after_a_restart(database_url: str, merchant: Merchant, log_path: Path) -> None:
    server = RunningServer(database_url=database_url, log=log_path)
    shots = [
        Shot(server.base, merchant.key(), body)
        for body in (new_account(), new_account(customer="NOBODY"), new_account(balance=2**53))
    ]
    with server.running():
        first = send_at_once(shots)
    with server.running():
        again = send_at_once(shots)
    assert [answer.status for answer in first] == [201, 404, 422]
    assert [answer.body for answer in again] == [answer.body for answer in first]
    assert [answer.replayed for answer in again] == [True] * 3
