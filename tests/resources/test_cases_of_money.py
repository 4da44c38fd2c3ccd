"""Cases of money as billers meet them, each small enough to be reckoned by hand."""

from typing import Any

import pytest

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.money import AMOUNT_MAX
from tests.conftest import Ask
from tests.resources.payments.holding import apply, credit, refund, represent, reverse_credit, unapply
from tests.resources.payments.paying import DEFAULTS, new_account, new_bill, pay, refused, reverse, shown
from tests.running import Caller, new_reference

OLDEST = "oldest_due_first"


def due_in(alice: Caller, month: int, amount: int, **owner: Any) -> dict[str, Any]:
    """A bill of so much, due at the end of a month."""
    return new_bill(alice, amount_due=amount, bill_date="2026-01-01", due_date=f"2026-{month:02}-28", **owner)


def void(alice: Caller, bill: dict[str, Any]) -> Any:
    """POST /billing/bills/{bill}/void."""
    return alice.post(f"/billing/bills/{bill['id']}/void", {})


def patch(alice: Caller, bill: dict[str, Any], **changes: Any) -> Any:
    """PATCH /billing/bills/{bill}."""
    return alice.patch(f"/billing/bills/{bill['id']}", changes)


def applied(payment: dict[str, Any]) -> list[tuple[str, int]]:
    """(id of what it went to, how much), in order."""
    members = ("bill_id", "account_id", "customer_id")
    return [(next(one[name] for name in members if name in one), one["amount"]) for one in payment["applications"]]


# A number that people may edit is no proof --------------------------------------------------------------------------


def test_a_bill_on_which_a_payment_stands_is_neither_lowered_nor_voided(alice: Caller) -> None:
    bill = new_bill(alice, amount_due=1_000)
    payment = pay(alice, bill=bill["id"], amount=1_000).json()
    lowered = patch(alice, bill, amount_paid=0)
    assert (*refused(lowered), lowered.json()["pointer"]) == (422, "below_payments", "/amount_paid")
    assert refused(patch(alice, bill, amount_paid=999)) == (422, "below_payments")
    assert patch(alice, bill, amount_paid=1_000).status_code == 200
    assert refused(void(alice, bill)) == (409, "bill_paid")
    assert reverse(alice, payment["id"]).status_code == 200
    assert shown(alice, bill) == bill
    assert void(alice, bill).status_code == 200


def test_what_was_recorded_by_hand_beside_a_payment_can_be_taken_back(alice: Caller) -> None:
    bill = new_bill(alice, amount_due=1_000)
    pay(alice, bill=bill["id"], amount=600)
    assert patch(alice, bill, amount_paid=1_000).json()["status"] == "paid"
    assert patch(alice, bill, amount_paid=600).json()["amount_remaining"] == 400


def test_a_bill_cannot_be_paid_twice_over_by_editing_it(alice: Caller) -> None:
    bill = new_bill(alice, amount_due=10_000)
    pay(alice, bill=bill["id"], amount=10_000)
    assert refused(patch(alice, bill, amount_paid=0)) == (422, "below_payments")
    assert refused(pay(alice, bill=bill["id"], amount=10_000)) == (422, "overpayment_not_allowed")


def test_the_reversal_of_a_payment_that_paid_a_bill_which_was_voided_later(alice: Caller, ask: Ask[list[Row]]) -> None:
    account = new_account(alice, None)
    small, large = due_in(alice, 1, 1_000, account=account["id"]), due_in(alice, 2, 90_000, account=account["id"])
    payment = pay(alice, account=account["id"], amount=91_000, allocation=OLDEST).json()

    def say_that_payments_have_applied(amount: int) -> None:
        statement = "update bills set amount_applied = $2 where id = $1"

        async def save(database: Database) -> list[Row]:
            return await database.rows(statement, small["id"], amount)

        ask(save)

    # As it was while nobody looked at what payments had applied, and as it is since.
    say_that_payments_have_applied(0)
    assert patch(alice, small, amount_paid=0).status_code == 200
    assert void(alice, small).status_code == 200
    say_that_payments_have_applied(1_000)
    undone = reverse(alice, payment["id"]).json()
    assert undone["status"] == "reversed"
    assert undone["reversal"]["not_restored"] == [{"amount": 1_000, "reason": "bill_voided", "bill_id": small["id"]}]
    assert shown(alice, large) == large


def test_the_reversal_of_a_payment_whose_balance_is_in_another_currency_now(alice: Caller) -> None:
    account = new_account(alice, 100)
    bill = new_bill(alice, account=account["id"], amount_due=900)
    payment = pay(alice, account=account["id"], amount=1_000, allocation=OLDEST).json()
    assert applied(payment) == [(bill["id"], 900), (account["id"], 100)]
    alice.patch(f"/billing/accounts/{account['id']}", {"currency": "USD", "balance": 5})
    undone = reverse(alice, payment["id"]).json()
    lost = {"amount": 100, "reason": "currency_mismatch", "account_id": account["id"]}
    assert undone["reversal"]["not_restored"] == [lost]
    assert (shown(alice, bill)["status"], shown(alice, account)["balance"]) == ("unpaid", 5)


# Rules bound a payment, not its parts -------------------------------------------------------------------------------


def test_the_older_bill_is_filled_before_the_younger_and_nothing_becomes_credit(alice: Caller) -> None:
    account = new_account(alice, 0, payment_rules=DEFAULTS | {"overpayment_allowed": True})
    january, february = (
        due_in(alice, month, amount, account=account["id"]) for month, amount in ((1, 600_000), (2, 400_000))
    )
    payment = pay(alice, account=account["id"], amount=1_000_000, allocation=OLDEST).json()
    assert applied(payment) == [(january["id"], 600_000), (february["id"], 400_000)]
    assert [shown(alice, bill)["status"] for bill in (january, february)] == ["paid", "paid"]
    assert shown(alice, account)["balance"] == 0


def test_an_account_without_a_balance_pays_its_bills_and_one_large_bill_is_paid_at_once(alice: Caller) -> None:
    account = new_account(alice, None)
    bills = [due_in(alice, month, amount, account=account["id"]) for month, amount in ((1, 600_000), (2, 400_000))]
    assert pay(alice, account=account["id"], amount=1_000_000, allocation=OLDEST).status_code == 201
    assert [shown(alice, bill)["amount_remaining"] for bill in bills] == [0, 0]
    large = new_bill(alice, amount_due=600_000)
    assert pay(alice, bill=large["id"], amount=600_000).status_code == 201
    assert shown(alice, large)["status"] == "paid"


@pytest.mark.parametrize("form", ["allocation", "parts", "hold"])
def test_the_smallest_amount_is_that_of_the_payment(alice: Caller, form: str) -> None:
    rules = DEFAULTS | {"min_amount": 1_000}
    account = new_account(alice, None)
    bills = [new_bill(alice, account=account["id"], amount_due=5_000, payment_rules=rules) for _ in range(2)]
    spread: dict[str, Any] = {"allocation": OLDEST}
    if form == "parts":
        spread = {
            "parts": [{"bill": bill["id"], "amount": amount} for bill, amount in zip(bills, (5_000, 500), strict=True)]
        }
    if form == "hold":
        payment = pay(alice, account=account["id"], amount=5_500, rest="hold").json()
        assert (payment["applications"], payment["amount_unapplied"]) == ([], 5_500)
        payment = apply(alice, payment, allocation=OLDEST).json()
    else:
        payment = pay(alice, account=account["id"], amount=5_500, **spread).json()
    assert applied(payment) == [(bills[0]["id"], 5_000), (bills[1]["id"], 500)]
    assert refused(pay(alice, bill=bills[1]["id"], amount=500)) == (422, "payment_below_minimum")


@pytest.mark.parametrize(
    ("currency", "amount"), [("VND", 3_000_000), ("IDR", 25_000_000), ("KRW", 1_000_000), ("ZAR", 1_200_000)]
)
def test_a_bill_of_any_size_is_paid_by_one_payment_of_just_that(alice: Caller, currency: str, amount: int) -> None:
    bill = new_bill(alice, currency=currency, amount_due=amount)
    assert pay(alice, bill=bill["id"], amount=amount, currency=currency).status_code == 201


def test_a_sentence_for_people_has_the_currency_and_its_decimals(alice: Caller) -> None:
    for currency, written in (("ZAR", "ZAR 1,500.00"), ("JPY", "JPY 150,000"), ("BHD", "BHD 150.000")):
        bill = new_bill(alice, currency=currency)
        detail = pay(alice, bill=bill["id"], amount=150_001, currency=currency).json()["detail"]
        assert written.replace(",", "") in detail.replace(",", "").replace("\u00a0", " "), detail


# What came again ----------------------------------------------------------------------------------------------------


def test_a_reversed_payment_comes_again_under_its_reference_once(alice: Caller) -> None:
    bill = new_bill(alice)
    first = pay(alice, bill=bill["id"]).json()
    assert refused(represent(alice, first, bill=bill["id"])) == (409, "external_reference_taken"), "it stands"
    reverse(alice, first["id"])
    assert refused(pay(alice, bill=bill["id"], external_reference=first["external_reference"])) == (
        409,
        "external_reference_taken",
    )
    again = represent(alice, first, bill=bill["id"])
    assert (again.status_code, again.json()["represents"]) == (201, first["id"])
    assert shown(alice, first)["represented_by"] == again.json()["id"]
    assert alice.get(f"/billing/payments/{first['external_reference']}").json() == again.json(), "it is that one now"
    assert alice.everything("/billing/payments", external_reference=first["external_reference"]) == [again.json()]
    for name in (first["id"], first["external_reference"]):
        second = represent(alice, first, bill=bill["id"], represents=name)
        assert refused(second) == (409, "external_reference_taken")
    assert shown(alice, bill)["amount_paid"] == 1_000
    reverse(alice, again.json()["id"])
    third = represent(alice, first, bill=bill["id"], represents=first["external_reference"]).json()
    assert third["represents"] == again.json()["id"], "whatever bounces twice may come a third time"


def test_a_payment_that_comes_again_does_so_under_its_own_reference(alice: Caller, mallory: Caller) -> None:
    bill = new_bill(alice)
    first = pay(alice, bill=bill["id"]).json()
    reverse(alice, first["id"])
    other = pay(alice, bill=bill["id"], represents=first["id"])
    assert refused(other) == (400, "validation_failed"), "or its reference would be free"
    standing = pay(alice, bill=bill["id"]).json()
    answer = pay(alice, bill=bill["id"], represents=standing["id"])
    assert (*refused(answer), answer.json()["pointer"]) == (409, "payment_not_reversed", "/represents")
    hers = pay(mallory, bill=new_bill(mallory)["id"]).json()
    reverse(mallory, hers["id"])
    for name in ("nothing", "pay_nothing", hers["id"], hers["external_reference"]):
        answer = pay(alice, bill=bill["id"], represents=name)
        assert (*refused(answer), answer.json()["pointer"]) == (404, "payment_not_found", "/represents")


# Where payments are found -------------------------------------------------------------------------------------------


def test_a_payment_is_listed_under_all_that_it_ever_went_to(alice: Caller) -> None:
    account = new_account(alice, None)
    bill = new_bill(alice, account=account["id"])
    elsewhere = new_bill(alice)
    payment = pay(alice, customer=account["customer_id"], amount=1_000, allocation=OLDEST).json()
    assert applied(payment) == [(bill["id"], 1_000)]
    other = pay(alice, bill=elsewhere["id"]).json()

    def found(**filters: str) -> list[str]:
        return [one["id"] for one in alice.everything("/billing/payments", limit=1, **filters)]

    assert found(account=account["id"]) == found(account=account["external_reference"]) == [payment["id"]]
    assert found(customer=account["customer_id"]) == found(bill=bill["id"]) == [payment["id"]]
    assert unapply(alice, payment, bill=bill["id"]).status_code == 200
    assert apply(alice, payment, parts=[{"bill": elsewhere["id"], "amount": 400}]).status_code == 200
    assert apply(alice, payment, parts=[{"bill": bill["id"], "amount": 300}]).status_code == 200
    assert apply(alice, payment, parts=[{"bill": bill["id"], "amount": 300}]).status_code == 200
    both = [other["id"], payment["id"]]
    assert found(bill=elsewhere["id"]) == found(customer=elsewhere["customer_id"]) == both
    assert found(account=account["id"]) == found(bill=bill["id"]) == [payment["id"]], "and there once"
    assert found(account=account["id"], bill=elsewhere["id"], customer=account["customer_id"]) == [payment["id"]]
    assert found(account=account["id"], status="reversed") == []


# Bills that are lowered ---------------------------------------------------------------------------------------------


def test_of_a_voided_bill_nothing_is_outstanding(alice: Caller) -> None:
    bill = new_bill(alice, amount_due=10_000)
    void(alice, bill)
    told = alice.get(f"/billing/bills/{bill['id']}/payable").json()
    assert (told["payable"], told["outstanding"], told["reason"]["code"]) == (False, 0, "bill_voided")


def test_what_cash_cannot_pay_is_credited(alice: Caller) -> None:
    bill = new_bill(alice, amount_due=10_003)
    pay(alice, bill=bill["id"], amount=10_000)
    given = credit(alice, bill, 3, kind="rounding")
    assert given.status_code == 201
    now = shown(alice, bill)
    assert (now["status"], now["amount_credited"], now["amount_paid"], now["amount_remaining"]) == (
        "paid",
        3,
        10_000,
        0,
    )
    assert alice.everything(f"/billing/bills/{bill['id']}/credits") == [given.json()]


def test_what_a_credit_leaves_overpaid_is_held_again_the_latest_first(alice: Caller) -> None:
    bill = new_bill(alice, amount_due=1_000)
    first, second = (pay(alice, bill=bill["id"], amount=amount).json() for amount in (700, 300))
    given = credit(alice, bill, 400).json()
    assert [shown(alice, one).get("amount_unapplied") for one in (first, second)] == [100, 300]
    now = shown(alice, bill)
    assert (now["status"], now["amount_paid"], now["amount_credited"], now["amount_remaining"]) == ("paid", 600, 400, 0)
    assert refused(refund(alice, first, 101)) == (422, "refund_exceeds_unapplied")
    assert refund(alice, first, 100).status_code == 201

    undone = reverse_credit(alice, bill, given)
    assert (undone.status_code, undone.json()["reversal_reason"]) == (200, "Wrong bill")
    now = shown(alice, bill)
    assert (now["status"], now["amount_paid"], now["amount_remaining"]) == ("unpaid", 600, 400)
    assert "amount_credited" not in now
    assert refused(reverse_credit(alice, bill, given)) == (409, "credit_reversed")
    assert apply(alice, second, allocation=OLDEST).json()["applications"][-1]["amount"] == 300
    assert shown(alice, bill)["amount_remaining"] == 100


def test_the_money_that_a_credit_set_free_stays_where_it_was_put(alice: Caller) -> None:
    bill, next_bill = new_bill(alice, amount_due=1_000), new_bill(alice, amount_due=1_000)
    payment = pay(alice, bill=bill["id"], amount=1_000).json()
    given = credit(alice, bill, 400).json()
    assert apply(alice, payment, parts=[{"bill": next_bill["id"], "amount": 400}]).status_code == 200
    assert reverse_credit(alice, bill, given).status_code == 200
    assert [shown(alice, one)["amount_paid"] for one in (bill, next_bill)] == [600, 400]
    assert reverse(alice, payment["id"]).status_code == 200
    assert [shown(alice, one)["amount_paid"] for one in (bill, next_bill)] == [0, 0]


def test_a_bill_that_was_paid_by_hand_keeps_what_a_credit_leaves_over(alice: Caller) -> None:
    bill = new_bill(alice, amount_due=1_000)
    patch(alice, bill, amount_paid=1_000)
    assert credit(alice, bill, 400).status_code == 201
    now = shown(alice, bill)
    assert (now["amount_paid"], now["amount_credited"], now["amount_remaining"]) == (1_000, 400, 0)


def test_a_credit_is_refused_by_name(alice: Caller) -> None:
    bill, voided = new_bill(alice, amount_due=1_000), new_bill(alice)
    void(alice, voided)
    assert refused(credit(alice, bill, 1_001)) == (422, "credit_exceeds_bill")
    first = credit(alice, bill, 400, external_reference=new_reference("CN")).json()
    assert refused(credit(alice, bill, 601)) == (422, "credit_exceeds_bill"), "both together"
    assert refused(credit(alice, voided, 1)) == (409, "bill_voided")
    taken = credit(alice, bill, 1, external_reference=first["external_reference"])
    assert (*refused(taken), taken.json()["pointer"]) == (409, "external_reference_taken", "/external_reference")
    assert refused(credit(alice, bill, AMOUNT_MAX + 1)) == (422, "amount_out_of_range")
    for wrong in ({"amount": 0}, {"kind": "gift"}, {"reason": ""}, {"colour": "red"}, {"amount": "1"}, {"kind": None}):
        body = {"amount": 1, "kind": "rounding", "reason": "Cash"} | wrong
        assert refused(alice.post(f"/billing/bills/{bill['id']}/credits", body)) == (400, "validation_failed")
    assert refused(reverse_credit(alice, bill, {"id": "cred_nothing"})) == (404, "credit_not_found")
    assert refused(reverse_credit(alice, voided, first)) == (404, "credit_not_found"), "another bill's"
    assert shown(alice, bill)["amount_credited"] == 400


# Money that is held -------------------------------------------------------------------------------------------------


def test_what_a_bill_does_not_take_is_held_and_applied_to_the_next(alice: Caller) -> None:
    account = new_account(alice, None)
    bill = new_bill(alice, account=account["id"], amount_due=10_000)
    refusal = pay(alice, bill=bill["id"], amount=12_000)
    assert refused(refusal) == (422, "overpayment_not_allowed")
    payment = pay(alice, bill=bill["id"], amount=12_000, rest="hold")
    assert (payment.status_code, payment.json()["amount_unapplied"]) == (201, 2_000)
    assert applied(payment.json()) == [(bill["id"], 10_000)]
    next_bill = new_bill(alice, account=account["id"], amount_due=5_000)
    now = apply(alice, payment.json(), allocation=OLDEST).json()
    assert applied(now) == [(bill["id"], 10_000), (next_bill["id"], 2_000)]
    assert "amount_unapplied" not in now
    assert shown(alice, next_bill)["amount_paid"] == 2_000
    assert refused(apply(alice, now, allocation=OLDEST)) == (422, "application_exceeds_unapplied")


def test_money_on_the_wrong_account_is_moved_and_both_ledgers_tell_it(alice: Caller) -> None:
    wrong, right = new_account(alice, 5_000), new_account(alice, 7_000)
    payment = pay(alice, account=wrong["id"], amount=1_500).json()
    held = unapply(alice, payment, account=wrong["id"]).json()
    assert (held["applications"], held["amount_unapplied"]) == ([], 1_500)
    moved = apply(alice, payment, parts=[{"account": right["id"], "amount": 1_500}]).json()
    assert (applied(moved), moved["external_reference"]) == ([(right["id"], 1_500)], payment["external_reference"])
    assert [shown(alice, one)["balance"] for one in (wrong, right)] == [5_000, 5_500]
    ledgers = [alice.everything(f"/billing/accounts/{one['id']}/entries") for one in (wrong, right)]
    told = [[(one["kind"], one["amount"]) for one in ledger] for ledger in ledgers]
    assert told == [
        [("release", 1_500), ("payment", -1_500), ("opening", 5_000)],
        [("payment", -1_500), ("opening", 7_000)],
    ]
    causes = {one["caused_by"]["payment_id"] for ledger in ledgers for one in ledger if one["kind"] != "opening"}
    assert causes == {payment["id"]}
    undone = reverse(alice, payment["id"]).json()
    assert "not_restored" not in undone["reversal"]
    assert [shown(alice, one)["balance"] for one in (wrong, right)] == [5_000, 7_000]


def test_what_is_applied_or_taken_back_is_refused_by_name(alice: Caller) -> None:
    bill, other = new_bill(alice, amount_due=1_000), new_bill(alice, amount_due=1_000, currency="USD")
    exact = new_bill(alice, amount_due=1_000, payment_rules=DEFAULTS | {"underpayment_allowed": False})
    voided, untracked = new_bill(alice), new_account(alice, None)
    void(alice, voided)
    payment = pay(alice, bill=bill["id"], amount=1_500, rest="hold").json()

    def part(amount: int, **place: Any) -> tuple[int, str]:
        return refused(apply(alice, payment, parts=[{"amount": amount, **place}]))

    assert part(501, bill=exact["id"]) == (422, "application_exceeds_unapplied")
    assert part(500, bill=exact["id"]) == (422, "underpayment_not_allowed")
    assert part(500, bill=bill["id"]) == (422, "overpayment_not_allowed")
    assert part(500, bill=other["id"]) == (422, "currency_mismatch")
    assert part(500, bill=voided["id"]) == (409, "bill_voided")
    assert part(500, account=untracked["id"]) == (422, "payment_not_allowed")
    assert part(500, customer="nobody") == (404, "customer_not_found")
    senseless: tuple[dict[str, Any], ...] = (
        {},
        {"parts": []},
        {"parts": [{"amount": 1}]},
        {"allocation": "youngest"},
        {"parts": None},
    )
    for wrong in senseless:
        assert refused(apply(alice, payment, **wrong)) == (400, "validation_failed")
    twice = [{"bill": name, "amount": 1} for name in (exact["id"], exact["external_reference"])]
    assert refused(apply(alice, payment, parts=twice))[0] in (400, 422)
    assert refused(unapply(alice, payment, bill=bill["id"], amount=1_001)) == (422, "amount_exceeds_applied")
    assert refused(unapply(alice, payment, bill=exact["id"])) == (422, "amount_exceeds_applied")
    assert refused(unapply(alice, payment, bill="nothing")) == (404, "bill_not_found")
    for body in ({}, {"bill": bill["id"], "account": "a"}, {"bill": bill["id"], "amount": 0}):
        assert refused(unapply(alice, payment, **body)) == (400, "validation_failed")
    assert shown(alice, payment) == payment
    reverse(alice, payment["id"])
    for answer in (
        apply(alice, payment, allocation=OLDEST),
        unapply(alice, payment, bill=bill["id"]),
        refund(alice, payment, 1),
    ):
        assert refused(answer) == (409, "payment_reversed")


def test_a_balance_that_is_no_more_keeps_what_it_got(alice: Caller) -> None:
    account, dollars = new_account(alice), new_account(alice)
    payments = [pay(alice, account=one["id"]).json() for one in (account, dollars)]
    alice.patch(f"/billing/accounts/{account['id']}", {"balance": None})
    alice.patch(f"/billing/accounts/{dollars['id']}", {"currency": "USD", "balance": 5})
    assert refused(unapply(alice, payments[0], account=account["id"])) == (422, "balance_not_tracked")
    assert refused(unapply(alice, payments[1], account=dollars["id"])) == (422, "currency_mismatch")


# Money that went out again ------------------------------------------------------------------------------------------


def test_refunds_are_of_what_is_held_and_no_more(alice: Caller) -> None:
    bill = new_bill(alice, amount_due=1_000)
    payment = pay(alice, bill=bill["id"], amount=1_500, rest="hold").json()
    first = refund(alice, payment, 200, reason="Paid too much")
    assert first.status_code == 201
    assert refused(refund(alice, payment, 301)) == (422, "refund_exceeds_unapplied")
    taken = refund(alice, payment, 1, external_reference=first.json()["external_reference"])
    assert refused(taken) == (409, "external_reference_taken")
    assert refused(refund(alice, payment, AMOUNT_MAX + 1)) == (422, "amount_out_of_range")
    assert refused(refund(alice, {"id": "nothing"}, 1)) == (404, "payment_not_found")
    assert refused(refund(alice, payment, 0)) == (400, "validation_failed")
    rest = refund(alice, payment, 300)
    now = shown(alice, payment)
    assert (now["amount_refunded"], now.get("amount_unapplied")) == (500, None)
    assert alice.everything(f"/billing/payments/{payment['id']}/refunds", limit=1) == [rest.json(), first.json()]
    assert refused(refund(alice, payment, 1)) == (422, "refund_exceeds_unapplied")


def test_what_was_refunded_of_a_payment_that_bounces_is_told(alice: Caller) -> None:
    bill, other = new_bill(alice, amount_due=1_000), new_bill(alice, amount_due=1_000)
    payment = pay(alice, bill=bill["id"], amount=2_000, rest="hold").json()
    refund(alice, payment, 300)
    apply(alice, payment, parts=[{"bill": other["id"], "amount": 600}])
    credit(alice, bill, 250)
    assert (now := shown(alice, payment))["amount_unapplied"] == 350
    assert sum(one["amount"] for one in now["applications"]) + 350 + 300 == 2_000
    undone = reverse(alice, payment["id"]).json()
    assert undone["reversal"]["not_restored"] == [{"amount": 300, "reason": "refunded"}]
    assert "amount_unapplied" not in undone
    assert [shown(alice, one)["amount_remaining"] for one in (bill, other)] == [750, 1_000]
