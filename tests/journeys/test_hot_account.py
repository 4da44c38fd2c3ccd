"""Everybody at once, on one object: nothing is lost, nothing counts twice, and nobody is told of a deadlock."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest
from msgspec import structs

from dues.db.database import Database
from dues.domain.payment_rules import NOUNS, PaymentRules, standard_rules
from dues.tenants.store import find_tenants, save_payment_rules
from tests.conftest import Ask, Merchant, findings
from tests.journeys.journal import SOAK
from tests.journeys.own_database import deadlocks
from tests.running import Caller, RunningServer, new_key, new_reference

pytestmark = pytest.mark.soak

SECONDS = 20.0 if SOAK else 1.0

MORE_SECONDS_MAX = 40.0
"""How much longer they go on where something has not happened yet. A test that lacks it even then fails."""

CLIENTS = 32

Did = TypeVar("Did")

ROUNDS = 60 if SOAK else 6


@dataclass(frozen=True)
class Crowd:
    """Clients with one key, each with its own connection, every other one at the other server process."""

    callers: Sequence[Caller]

    def at_once(self, *ways: Callable[[Caller], httpx.Response]) -> list[httpx.Response]:
        """What each of `ways` was answered, all begun in the same instant."""
        ready = threading.Barrier(len(ways))

        def run(number: int) -> httpx.Response:
            ready.wait()
            return ways[number](self.callers[number])

        with ThreadPoolExecutor(len(ways)) as threads:
            return list(threads.map(run, range(len(ways))))

    def for_a_while(
        self,
        work: Callable[[Caller], Did],
        enough: Callable[[Sequence[Did]], bool],
        seconds: float = SECONDS,
    ) -> list[Did]:
        """What each piece of work gave, that all clients do again and again: for so long, and until it is enough.

        On a machine that others use too, so many seconds may be too few for what happens only now and then.
        """
        began, done = time.monotonic(), list[Did]()

        def go_on() -> bool:
            lasted = time.monotonic() - began
            return lasted < seconds or (not enough(done) and lasted < seconds + MORE_SECONDS_MAX)

        def client(caller: Caller) -> None:
            while go_on():
                done.append(work(caller))

        with ThreadPoolExecutor(len(self.callers)) as threads:
            list(threads.map(client, self.callers))
        return done


@pytest.fixture
def crowd(server: RunningServer, second_server: RunningServer, merchant: Merchant) -> Crowd:
    """Clients of two processes."""
    bases = [server.base, second_server.base]
    return Crowd([merchant.caller(base=bases[number % 2]) for number in range(CLIENTS)])


def chain(caller: Caller, path: str) -> list[dict[str, Any]]:
    """All entries, oldest first, each of which continues the one before."""
    entries: list[dict[str, Any]] = caller.everything(f"{path}/entries", limit=100)[::-1]
    balance = 0
    for entry in entries:
        balance += entry["amount"]
        assert entry["balance_after"] == balance
    times = [entry["created_at"] for entry in entries]
    assert times == sorted(times)
    return entries


@pytest.mark.slow
def test_a_hot_account_loses_nothing(crowd: Crowd, alice: Caller) -> None:
    account = alice.open_account(currency="ZAR", balance=0).json()
    names = [account["id"], account["external_reference"]]

    def adjust(caller: Caller) -> tuple[int, int]:
        amount = random.choice([-5, -1, 1, 3, 1000])
        answer = caller.post(f"/billing/accounts/{random.choice(names)}/adjustments", {"amount": amount, "reason": "x"})
        assert answer.status_code == 201, answer.text
        return 201, amount

    def replace(caller: Caller) -> tuple[int, int]:
        path = f"/billing/accounts/{random.choice(names)}"
        seen = caller.get(path)
        balance = seen.json()["balance"] + random.choice([-7, 10, 100])
        answer = caller.patch(path, {"balance": balance}, If_Match=seen.headers["etag"])
        assert answer.status_code in (200, 412), answer.text
        return answer.status_code, balance - seen.json()["balance"]

    def has_all(done: Sequence[tuple[int, int]]) -> bool:
        counted = Counter(status for status, _ in done)
        return counted[201] > 20 and counted[200] > 0

    done = crowd.for_a_while(lambda caller: random.choice([adjust, replace])(caller), has_all)
    outcomes = Counter(status for status, _ in done)
    assert outcomes[201] > 20, outcomes
    assert outcomes[200] > 0, outcomes

    acknowledged = sum(change for status, change in done if status < 300)
    entries = chain(alice, f"/billing/accounts/{account['id']}")
    assert alice.get(f"/billing/accounts/{account['id']}").json()["balance"] == acknowledged
    assert len(entries) == outcomes[200] + outcomes[201] + 1
    assert sum(entry["amount"] for entry in entries) == acknowledged


MOVES = {
    "adjustments": ["adjust account"],
    "payments": ["pay account", "pay bill"],
    "all of an account and its customer": [
        f"{way} {what}" for way in ("adjust", "pay") for what in ("account", "customer")
    ],
}
"""What many clients do to one account at once."""


@pytest.mark.parametrize("moves", MOVES.values(), ids=MOVES)
def test_two_processes_move_one_balance_and_stand_in_no_circle(
    crowd: Crowd, alice: Caller, database_url: str, moves: Sequence[str]
) -> None:
    began = deadlocks(database_url)
    tracked: dict[str, Any] = {"currency": "ZAR", "balance": 10**9}
    customer = alice.register_customer(**tracked).json()["id"]
    account = alice.open_account(customer=customer, **tracked).json()["id"]
    bill = alice.make_bill(account=account, amount_due=10**9).json()["id"]
    ids = {"account": account, "customer": customer, "bill": bill}

    def move(caller: Caller) -> tuple[str, Counter[str]]:
        """At which process, and by how much of which object."""
        way, _, what = random.choice(moves).partition(" ")
        answer = (adjust if way == "adjust" else pay)(caller, what, ids[what])
        return str(caller.http.base_url), moved_by(answer, ids[what])

    def is_enough(done: Sequence[tuple[str, Counter[str]]]) -> bool:
        counted = Counter(base for base, _ in done)
        return len(counted) == 2 and min(counted.values()) > 20

    done = Crowd(crowd.callers[:12]).for_a_while(move, is_enough, SECONDS / 5)
    assert is_enough(done), "both come forward"
    moved: Counter[str] = Counter()
    for _, one in done:
        moved.update(one)
    for kind, name in ids.items():
        shown = alice.get(f"/billing/{kind}s/{name}").json()
        assert (shown["amount_paid"] if kind == "bill" else shown["balance"] - 10**9) == moved[name]
    chain(alice, f"/billing/accounts/{account}")
    assert findings(database_url) == []
    assert deadlocks(database_url) == began, "whoever waits in a circle is only let go after a second"


def adjust(caller: Caller, kind: str, name: str) -> httpx.Response:
    """Changes a balance by a little."""
    body = {"amount": random.randrange(500, 600), "reason": "x"}
    return caller.post(f"/billing/{kind}s/{name}/adjustments", body)


def pay(caller: Caller, kind: str, name: str) -> httpx.Response:
    """Pays a little of it; of an account also by way of its oldest bill."""
    body = {"external_reference": new_reference("EFT"), "amount": random.randrange(500, 600), "currency": "ZAR"}
    spread = {"allocation": "oldest_due_first"} if kind == "account" and random.random() < 0.5 else {}
    return caller.post("/billing/payments", body | spread | {kind: name})


def moved_by(answer: httpx.Response, name: str) -> Counter[str]:
    """By how much each object was moved."""
    assert answer.status_code == 201, answer.text
    if "applications" not in answer.json():
        return Counter({name: answer.json()["amount"]})
    found: Counter[str] = Counter()
    for one in answer.json()["applications"]:
        if "bill_id" in one:
            found[one["bill_id"]] += one["amount"]
        else:
            found[one.get("account_id") or one["customer_id"]] -= one["amount"]
    return found


def test_many_accounts_are_adjusted_at_once(crowd: Crowd, alice: Caller) -> None:
    accounts = [alice.open_account(currency="ZAR", balance=0).json() for _ in range(20)]
    asked = [accounts[number % 20] for number in range(20 * CLIENTS)]
    random.shuffle(asked)

    def adjust(number: int) -> int:
        account = asked[number]
        name = account[random.choice(["id", "external_reference"])]
        body = {"amount": 1, "reason": "x"}
        return crowd.callers[number % CLIENTS].post(f"/billing/accounts/{name}/adjustments", body).status_code

    with ThreadPoolExecutor(CLIENTS) as threads:
        assert Counter(threads.map(adjust, range(len(asked)))) == {201: len(asked)}
    for account in accounts:
        path = f"/billing/accounts/{account['id']}"
        assert alice.get(path).json()["balance"] == CLIENTS
        assert [entry["balance_after"] for entry in chain(alice, path)] == list(range(CLIENTS + 1))


def rounds(caller: Caller, **fields: Any) -> Iterator[str]:
    """The paths of new bills, one for each round."""
    for _ in range(ROUNDS):
        yield f"/billing/bills/{caller.make_bill(**fields).json()['id']}"


def test_two_who_pay_one_bill_leave_what_the_later_one_said(crowd: Crowd, alice: Caller) -> None:
    for path in rounds(alice):
        answers = crowd.at_once(
            lambda caller, path=path: caller.patch(path, {"amount_paid": 100}),  # type: ignore[misc]
            lambda caller, path=path: caller.patch(path, {"amount_paid": 150_000}),  # type: ignore[misc]
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        assert [answer.json()["amount_paid"] for answer in answers] == [100, 150_000]
        assert alice.get(path).json() in [answer.json() for answer in answers]


def test_of_two_who_saw_the_same_bill_one_pays_it(crowd: Crowd, alice: Caller) -> None:
    for path in rounds(alice):
        tag = alice.get(path).headers["etag"]
        answers = crowd.at_once(
            *[
                lambda caller, path=path, tag=tag, paid=paid: caller.patch(path, {"amount_paid": paid}, If_Match=tag)
                for paid in (1, 2, 3, 4)
            ]
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
        [paid] = [answer.json() for answer in answers if answer.status_code == 200]
        assert alice.get(path).json() == paid


def test_a_bill_is_paid_or_voided_and_never_both(crowd: Crowd, alice: Caller) -> None:
    seen: Counter[tuple[int, int]] = Counter()
    for path in rounds(alice):
        paid, voided = crowd.at_once(
            lambda caller, path=path: caller.patch(path, {"amount_paid": 1}),  # type: ignore[misc]
            lambda caller, path=path: caller.post(f"{path}/void", {}),  # type: ignore[misc]
        )
        now = alice.get(path).json()
        if paid.status_code == 200:
            assert (voided.status_code, voided.json()["code"]) == (409, "bill_paid")
            assert now == paid.json()
        else:
            assert (paid.status_code, paid.json()["code"]) == (409, "bill_voided")
            assert (voided.status_code, now) == (200, voided.json())
        seen[paid.status_code, voided.status_code] += 1
    assert seen.keys() <= {(200, 409), (409, 200)}


def test_a_bill_is_voided_once(crowd: Crowd, alice: Caller) -> None:
    for path in rounds(alice):
        answers = crowd.at_once(*[lambda caller, path=path: caller.post(f"{path}/void", {}) for _ in range(4)])
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"bill_voided"}


@pytest.mark.parametrize("kind", ["accounts", "customers", "bills"])
def test_one_object_under_both_its_names_at_once(crowd: Crowd, alice: Caller, kind: str) -> None:
    one = alice.make_bill(account={"customer": {"external_reference": new_key()}, "external_reference": new_key()})
    noun_id = one.json()["id" if kind == "bills" else f"{kind[:-1]}_id"]
    reference = alice.get(f"/billing/{kind}/{noun_id}").json()["external_reference"]
    for _ in range(ROUNDS):
        answers = crowd.at_once(
            *[
                lambda caller, name=(noun_id, reference)[number // 2 % 2], key=str(number): caller.patch(
                    f"/billing/{kind}/{name}", {"metadata": {key: new_key()}}
                )
                for number in range(8)
            ]
        )
        assert [answer.status_code for answer in answers] == [200] * 8
        now = alice.get(f"/billing/{kind}/{noun_id}").json()["metadata"]
        assert now == {str(number): answer.json()["metadata"][str(number)] for number, answer in enumerate(answers)}


FROM = {"ZAR": 200, "BHD": 300, "CLF": 400}
"""The smallest payment, by currency."""


def rule_of(currency: str) -> PaymentRules:
    """The merchant's default rules in a currency."""
    return structs.replace(standard_rules(), min_amount=FROM[currency])


@pytest.mark.parametrize("kind", ["accounts", "customers"])
def test_whoever_waited_for_another_change_sees_all_of_it(
    crowd: Crowd, alice: Caller, merchant: Merchant, ask: Ask[None], kind: str
) -> None:
    async def let_rules_differ_by_currency(database: Database) -> None:
        tenant, _ = (await find_tenants(database, merchant.id))["test"]
        async with database.transaction() as tx:
            rules = [(noun, code, rule_of(code)) for noun in NOUNS for code in FROM]
            await save_payment_rules(tx, tenant, rules)
            await tx.commit()

    ask(let_rules_differ_by_currency)
    fields: dict[str, Any] = {"currency": "ZAR", "balance": 5}
    one = (alice.open_account(**fields) if kind == "accounts" else alice.register_customer(**fields)).json()
    path = f"/billing/{kind}/{one['id']}"

    def change(caller: Caller) -> dict[str, Any]:
        body: dict[str, Any] = {"name": random.choice("ABC")}
        if random.random() < 0.5:
            body = {"currency": random.choice([*FROM]), "balance": random.randrange(100)}
        answer = caller.patch(path, body)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    few = Crowd(crowd.callers[:6])
    shown = few.for_a_while(change, lambda done: len({one["currency"] for one in done}) == 3, SECONDS / 2)
    assert len({one["currency"] for one in shown}) == 3
    for one in shown:
        assert one["payment_rules"]["min_amount"] == FROM[one["currency"]], one
    chain(alice, path)
