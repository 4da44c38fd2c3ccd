"""Payments that meet payments, voids, changes and reversals of the same thing in the same instant, at two processes.

Whatever comes first, the answers and what is left behind are those of one after the other.
"""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Merchant, findings
from tests.journeys.burst import Answer
from tests.journeys.journal import SOAK
from tests.journeys.own_database import rows_of
from tests.journeys.tills import Tills, Wish, outcomes, patch, pay, reverse, void
from tests.running import Caller, RunningServer, new_key, new_reference

pytestmark = pytest.mark.soak

ROUNDS = 60 if SOAK else 5

AT_ONCE = 20


@pytest.fixture
def tills(server: RunningServer, second_server: RunningServer, merchant: Merchant) -> Tills:
    """Two processes, one database."""
    return Tills([server.base, second_server.base], merchant.key())


@pytest.fixture(autouse=True, scope="module")
def _verified(database_url: str) -> Iterator[None]:
    """After all of them, the books are right."""
    yield
    assert findings(database_url) == []


def payable_thing(alice: Caller, kind: str, amount: int = 1000) -> str:
    """The id of a new bill, account or customer of which so much is to be paid."""
    if kind == "bill":
        answer = alice.make_bill(amount_due=amount)
    elif kind == "account":
        answer = alice.open_account(currency="ZAR", balance=amount)
    else:
        answer = alice.register_customer(currency="ZAR", balance=amount)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def shown(alice: Caller, kind: str, name: str) -> dict[str, Any]:
    """It, as it is now."""
    found: dict[str, Any] = alice.get(f"/billing/{kind}s/{name}").json()
    return found


def outstanding(alice: Caller, kind: str, name: str) -> int:
    """What remains to be paid of it."""
    left: int = alice.get(f"/billing/{kind}s/{name}/payable").json()["outstanding"]
    return left


def sure(answer: Answer, status: int = 201) -> dict[str, Any]:
    """What was answered with this status."""
    assert answer.status == status, answer
    found: dict[str, Any] = answer.json
    return found


# One thing to pay -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bill", "account", "customer"])
@pytest.mark.parametrize("amount", [1000, 600])
def test_of_twenty_payments_with_room_for_one_exactly_one_is_taken(
    tills: Tills, alice: Caller, database_url: str, kind: str, amount: int
) -> None:
    one = payable_thing(alice, kind)
    answers = tills.at_once(*[pay(amount, **{kind: one}) for _ in range(AT_ONCE)])
    assert outcomes(answers) == {(201, None): 1, (422, "overpayment_not_allowed"): AT_ONCE - 1}
    refused = [answer.json for answer in answers if answer.status == 422]
    assert {(problem["outstanding"], problem["pointer"]) for problem in refused} == {(1000 - amount, "/amount")}
    assert outstanding(alice, kind, one) == 1000 - amount
    if kind == "bill":
        assert shown(alice, kind, one)["amount_paid"] == amount

    [taken] = [answer.json for answer in answers if answer.status == 201]
    assert alice.everything("/billing/payments") == [taken]
    entries = rows_of(database_url, "select amount, payment_id from entries where owner_id = $1", one)
    paid = [(entry["amount"], entry["payment_id"]) for entry in entries if entry["payment_id"]]
    assert paid == [(amount if kind == "bill" else -amount, taken["id"])]
    events = rows_of(
        database_url, "select type from events where object_id in ($1, $2) order by type", one, taken["id"]
    )
    paid_up = ["bill.paid"] if (kind, amount) == ("bill", 1000) else []
    created = [f"{kind}.created"]
    assert [event["type"] for event in events] == sorted(
        [*created, *paid_up, f"{kind}.updated", "obligation.amount_applied"]
    )


@pytest.mark.parametrize("kind", ["bill", "account", "customer"])
def test_as_many_payments_are_taken_at_once_as_there_is_room_for(tills: Tills, alice: Caller, kind: str) -> None:
    one = payable_thing(alice, kind, 1300)
    answers = tills.at_once(*[pay(100, **{kind: one}) for _ in range(AT_ONCE)])
    assert outcomes(answers) == {(201, None): 13, (422, "overpayment_not_allowed"): 7}
    assert outstanding(alice, kind, one) == 0


def test_a_bill_is_paid_or_voided_and_never_both(tills: Tills, alice: Caller) -> None:
    for _ in range(ROUNDS):
        bill = payable_thing(alice, "bill")
        taken, voided = tills.at_once(pay(1000, bill=bill), void(bill))
        now = shown(alice, "bill", bill)
        if taken.status == 201:
            assert (voided.status, voided.code) == (409, "bill_paid")
            assert (now["status"], now["amount_paid"]) == ("paid", 1000)
        else:
            assert (taken.status, taken.code) == (409, "bill_voided")
            assert (voided.status, voided.json) == (200, now)


@pytest.mark.parametrize("total", [500, 1000])
def test_a_payment_and_a_new_total_happen_one_after_the_other(tills: Tills, alice: Caller, total: int) -> None:
    for _ in range(ROUNDS):
        bill = payable_thing(alice, "bill")
        taken, changed = tills.at_once(pay(400, bill=bill), patch(f"/billing/bills/{bill}", amount_paid=total))
        assert sure(changed, 200)["amount_paid"] == total
        now = shown(alice, "bill", bill)["amount_paid"]
        if taken.status == 422:
            assert (total, taken.code, taken.json["outstanding"], now) == (1000, "overpayment_not_allowed", 0, 1000)
        elif now == total:
            assert sure(taken)["amount"] == 400
        else:
            assert (sure(taken)["amount"], now) == (400, total + 400)
            assert total == 500


@pytest.mark.parametrize("kind", ["account", "customer"])
def test_a_refreshed_balance_overwrites_no_payment_that_it_has_not_seen(tills: Tills, alice: Caller, kind: str) -> None:
    for _ in range(ROUNDS):
        one = payable_thing(alice, kind)
        path = f"/billing/{kind}s/{one}"
        tag = alice.get(path).headers["etag"]
        taken, refreshed = tills.at_once(pay(300, **{kind: one}), patch(path, tag, balance=5000))
        sure(taken)
        now = shown(alice, kind, one)["balance"]
        if refreshed.status == 200:
            assert now == 5000 - 300
        else:
            assert (refreshed.status, refreshed.code, now) == (412, "etag_mismatch", 1000 - 300)


@pytest.mark.parametrize("kind", ["bill", "account", "customer"])
def test_of_payments_that_saw_the_same_payable_one_is_taken(tills: Tills, alice: Caller, kind: str) -> None:
    for _ in range(ROUNDS):
        one = payable_thing(alice, kind)
        tag = alice.get(f"/billing/{kind}s/{one}/payable").headers["etag"]
        answers = tills.at_once(*[pay(100, if_match=tag, **{kind: one}) for _ in range(4)])
        assert outcomes(answers) == {(201, None): 1, (412, "etag_mismatch"): 3}
        assert outstanding(alice, kind, one) == 900


# Reversals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bill", "account", "customer"])
def test_a_payment_is_reversed_once(tills: Tills, alice: Caller, kind: str) -> None:
    one = payable_thing(alice, kind)
    for _ in range(ROUNDS):
        payment = sure(tills.at_once(pay(1000, **{kind: one}))[0])
        names = [payment["id"], payment["external_reference"]]
        answers = tills.at_once(*[reverse(names[number // 2 % 2]) for number in range(8)])
        assert outcomes(answers) == {(200, None): 1, (409, "payment_reversed"): 7}
        assert alice.get(f"/billing/payments/{payment['id']}").json()["status"] == "reversed"
        assert outstanding(alice, kind, one) == 1000


@pytest.mark.parametrize("kind", ["bill", "account", "customer"])
def test_a_payment_and_the_reversal_of_another_happen_one_after_the_other(
    tills: Tills, alice: Caller, kind: str
) -> None:
    for _ in range(ROUNDS):
        one = payable_thing(alice, kind)
        bounced = sure(tills.at_once(pay(1000, **{kind: one}))[0])
        taken, reversed_ = tills.at_once(pay(1000, **{kind: one}), reverse(bounced["id"]))
        sure(reversed_, 200)
        if taken.status == 422:
            assert (taken.code, taken.json["outstanding"]) == ("overpayment_not_allowed", 0)
        assert outstanding(alice, kind, one) == (0 if taken.status == 201 else 1000)


def test_a_reversal_and_a_void_leave_a_bill_unpaid_or_voided(tills: Tills, alice: Caller) -> None:
    for _ in range(ROUNDS):
        bill = payable_thing(alice, "bill")
        payment = sure(tills.at_once(pay(1000, bill=bill))[0])
        reversed_, voided = tills.at_once(reverse(payment["id"]), void(bill))
        sure(reversed_, 200)
        assert (voided.status, voided.code) in {(200, None), (409, "bill_paid")}
        now = shown(alice, "bill", bill)
        assert (now["status"], now["amount_paid"]) == ("voided" if voided.status == 200 else "unpaid", 0)


def test_a_reversal_and_a_lowered_total_never_leave_less_than_nothing_paid(tills: Tills, alice: Caller) -> None:
    for _ in range(ROUNDS):
        bill = payable_thing(alice, "bill")
        payment = sure(tills.at_once(pay(1000, bill=bill))[0])
        reversed_, lowered = tills.at_once(reverse(payment["id"]), patch(f"/billing/bills/{bill}", amount_paid=300))
        sure(reversed_, 200)
        assert "not_restored" not in reversed_.json["reversal"]
        assert (lowered.status, lowered.code) in {(200, None), (422, "below_payments")}
        assert shown(alice, "bill", bill)["amount_paid"] == (300 if lowered.status == 200 else 0)


# The same payment again ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("things", [1, AT_ONCE])
def test_one_bank_reference_under_many_keys_is_one_payment(tills: Tills, alice: Caller, things: int) -> None:
    bills = [payable_thing(alice, "bill", 5000) for _ in range(things)]
    reference = new_reference("EFT")
    answers = tills.at_once(
        *[pay(100, external_reference=reference, bill=bills[number % things]) for number in range(AT_ONCE)]
    )
    assert outcomes(answers) == {(201, None): 1, (409, "external_reference_taken"): AT_ONCE - 1}
    assert {answer.json["pointer"] for answer in answers if answer.status == 409} == {"/external_reference"}
    assert sum(shown(alice, "bill", bill)["amount_paid"] for bill in bills) == 100


def test_whoever_brings_a_reference_late_is_told_so_whatever_else_is_wrong_by_then(tills: Tills, alice: Caller) -> None:
    for _ in range(ROUNDS):
        bill, reference = payable_thing(alice, "bill"), new_reference("EFT")
        answers = tills.at_once(*[pay(1000, external_reference=reference, bill=bill) for _ in range(4)])
        # The bill is paid up too, but that must not look as if somebody else had paid it.
        assert outcomes(answers) == {(201, None): 1, (409, "external_reference_taken"): 3}


def test_one_key_sent_at_once_is_one_payment_and_one_answer(tills: Tills, alice: Caller) -> None:
    bill, key = payable_thing(alice, "bill", 5000), new_key()
    answers = tills.at_once(*[pay(100, key=key, bill=bill)] * AT_ONCE)
    assert {(answer.status, answer.body) for answer in answers} == {(201, answers[0].body)}
    assert Counter(answer.replayed for answer in answers) == {False: 1, True: AT_ONCE - 1}
    assert shown(alice, "bill", bill)["amount_paid"] == 100

    key = new_key()
    undone = tills.at_once(*[reverse(answers[0].json["id"], key=key)] * AT_ONCE)
    assert {(answer.status, answer.body) for answer in undone} == {(200, undone[0].body)}
    assert Counter(answer.replayed for answer in undone) == {False: 1, True: AT_ONCE - 1}
    assert shown(alice, "bill", bill)["amount_paid"] == 0


def test_many_references_in_any_order_at_both_processes_are_one_payment_each(tills: Tills, alice: Caller) -> None:
    bill = payable_thing(alice, "bill", 100 * AT_ONCE)
    references = [new_reference("EFT") for _ in range(AT_ONCE)]
    others = [payable_thing(alice, "bill", 100) for _ in range(AT_ONCE)]
    wishes = [pay(100, external_reference=reference, bill=bill) for reference in references]
    rivals = [
        pay(100, external_reference=reference, bill=other) for reference, other in zip(references, others, strict=True)
    ]
    answers = tills.at_once(*[wish for pair in zip(wishes, reversed(rivals), strict=True) for wish in pair])
    assert outcomes(answers) == {(201, None): AT_ONCE, (409, "external_reference_taken"): AT_ONCE}
    assert {payment["external_reference"] for payment in alice.everything("/billing/payments")} == set(references)
    assert sum(shown(alice, "bill", one)["amount_paid"] for one in [bill, *others]) == 100 * AT_ONCE


# Several bills ----------------------------------------------------------------------------------------------------


class Household:
    """A customer with an account and some open bills of it, the oldest first."""

    def __init__(self, alice: Caller, bills: int, amount: int, balance: int | None = None) -> None:
        tracked: dict[str, Any] = {} if balance is None else {"currency": "ZAR", "balance": balance}
        account = alice.open_account(**tracked).json()
        self.account: str = account["id"]
        self.customer: str = account["customer_id"]
        self.bills: list[str] = []
        for day in range(1, bills + 1):
            dates = {"bill_date": "2030-01-01", "due_date": f"2030-02-{day:02}"}
            self.bills.append(alice.make_bill(account=self.account, amount_due=amount, **dates).json()["id"])

    def paid(self, alice: Caller) -> list[int]:
        """What was paid of each bill."""
        return [shown(alice, "bill", bill)["amount_paid"] for bill in self.bills]


def test_payments_spread_over_the_same_bills_at_once_fill_them_in_order(tills: Tills, alice: Caller) -> None:
    for _ in range(max(2, ROUNDS // 3)):
        home = Household(alice, bills=5, amount=300)
        owners = [{"account": home.account}, {"customer": home.customer}]
        answers = tills.at_once(
            *[pay(200, allocation="oldest_due_first", **owners[number // 2 % 2]) for number in range(10)]
        )
        # Seven times 200 are in the bills; the eighth would leave 100, and there is no balance to take it.
        assert outcomes(answers) == {(201, None): 7, (422, "payment_not_allowed"): 3}
        assert home.paid(alice) == [300, 300, 300, 300, 200]
        applied: Counter[str] = Counter()
        for answer in answers:
            for one in answer.json.get("applications", ()):
                applied[one["bill_id"]] += one["amount"]
        assert [applied[bill] for bill in home.bills] == [300, 300, 300, 300, 200]


def test_bills_paid_singly_while_payments_are_spread_over_them_are_never_overpaid(tills: Tills, alice: Caller) -> None:
    for _ in range(max(2, ROUNDS // 3)):
        home = Household(alice, bills=6, amount=500, balance=100_000)
        spread = [pay(1000, allocation="oldest_due_first", account=home.account) for _ in range(4)]
        single = [pay(500, bill=bill) for bill in reversed(home.bills)]
        answers = tills.at_once(*[wish for pair in zip(spread, single, strict=False) for wish in pair], *single[4:])
        assert outcomes(answers).keys() <= {(201, None), (422, "overpayment_not_allowed")}
        taken = sum(answer.json["amount"] for answer in answers if answer.status == 201)
        assert sum(home.paid(alice)) == 3000
        assert shown(alice, "account", home.account)["balance"] == 100_000 - (taken - 3000)


def test_payments_over_bills_in_opposite_orders_all_go_through(tills: Tills, alice: Caller) -> None:
    home = Household(alice, bills=6, amount=100_000, balance=0)
    references = [shown(alice, "bill", bill)["external_reference"] for bill in home.bills]
    for _ in range(ROUNDS):
        wishes: list[Wish] = []
        for number in range(6):
            names = random.choice([home.bills, references])[:: random.choice([1, -1])]
            parts = [{"bill": name, "amount": 100} for name in names]
            owner = random.choice([{"account": home.account}, {"customer": home.customer}])
            wishes += [pay(600, parts=parts, **owner), pay(100, bill=names[number]), pay(100, bill=names[-1 - number])]
        answers = tills.at_once(*wishes)
        assert outcomes(answers) == {(201, None): len(wishes)}
    assert sum(home.paid(alice)) == ROUNDS * (6 * 600 + 12 * 100)


def test_whatever_meets_whatever_nobody_is_told_of_a_deadlock(tills: Tills, alice: Caller) -> None:
    home = Household(alice, bills=5, amount=10_000, balance=50_000)
    alice.patch(f"/billing/customers/{home.customer}", {"currency": "ZAR", "balance": 50_000})
    names = home.bills + [shown(alice, "bill", bill)["external_reference"] for bill in home.bills]
    payments: list[str] = []
    for _ in range(ROUNDS):
        wishes = [any_wish(home, random.sample(names, 3), random.choice(payments or ["none"])) for _ in range(AT_ONCE)]
        answers = tills.at_once(*wishes)
        # 400: both parts name the same bill, one by its id and one by its reference.
        assert {answer.status for answer in answers} <= {200, 201, 400, 404, 409, 422}, outcomes(answers)
        assert (409, "request_in_progress") not in outcomes(answers)
        payments += [answer.json["id"] for answer in answers if answer.json.get("id", "").startswith("pay_")]
    assert len(payments) > 2 * ROUNDS


def any_wish(home: Household, names: list[str], payment: str) -> Wish:
    """Something that somebody may ask for."""
    parts = [{"bill": name, "amount": 200} for name in names[:2]]
    owner = random.choice([{"account": home.account}, {"customer": home.customer}])
    new_bill = {"external_reference": new_reference("INV"), "currency": "ZAR", "amount_due": 300, **owner}
    return random.choice(
        [
            pay(500, parts=parts, **owner),
            pay(700, allocation="oldest_due_first", **owner),
            pay(100, bill=names[2]),
            pay(100, **owner),
            reverse(payment),
            reverse(payment),
            patch(f"/billing/bills/{names[0]}", amount_paid=random.choice([0, 5000])),
            patch(f"/billing/accounts/{home.account}", balance=40_000, name="Main"),
            patch(f"/billing/customers/{home.customer}", balance=40_000),
            Wish("/billing/bills", new_bill),
            Wish(f"/billing/accounts/{home.account}/adjustments", {"amount": 100, "reason": "interest"}),
            void(names[1]),
        ]
    )
