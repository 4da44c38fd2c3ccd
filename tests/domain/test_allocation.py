"""How a payment is spread: named parts, the oldest bill first, and the rest for the balance."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.allocation import (
    BILLS_MAX,
    Allotment,
    Part,
    allot_oldest_first,
    allot_parts,
    allot_whole,
)
from dues.domain.money import AMOUNT_MAX
from dues.domain.obligations import Owed, refuse_payment
from dues.domain.refusals import Refusal
from tests.domain.owed import account, bill, customer, rules

ANY = rules()
EXACTLY = rules(under=False, over=False)
JANE = customer(500, ANY)
FIBRE = account(500, ANY)


def bills(*outstanding: int, **changes: Any) -> list[Owed]:
    """Jane's bills, each with so much outstanding."""
    return [bill(one, default=ANY, id=f"bill_{number}", **changes) for number, one in enumerate(outstanding)]


def parts(*amounts: int) -> list[Part]:
    """So much for each bill, in order."""
    return [Part(bill=f"INV-{number}", amount=amount) for number, amount in enumerate(amounts)]


def shares(outcome: list[Allotment] | Refusal) -> list[tuple[str, int]]:
    """Who gets how much."""
    assert not isinstance(outcome, Refusal), outcome
    return [(allotment.owed.of.id, allotment.amount) for allotment in outcome]


def refused(outcome: list[Allotment] | Refusal) -> tuple[str, str | None]:
    """The code of a refusal, and what it points at."""
    assert isinstance(outcome, Refusal), outcome
    return outcome.code, outcome.pointer


@pytest.mark.parametrize("target", [JANE, FIBRE, bill(500, default=ANY)])
def test_all_of_a_payment_is_for_what_it_names(target: Owed) -> None:
    assert allot_whole(target, 300, "ZAR") == [Allotment(target, 300)]
    assert refused(allot_whole(target, 1001, "ZAR")) == ("payment_above_maximum", "/amount")


def test_each_named_bill_gets_its_part_and_the_balance_gets_the_rest() -> None:
    outcome = allot_parts(JANE, 100, "ZAR", parts(30, 50), bills(50, 50))
    assert shares(outcome) == [("bill_0", 30), ("bill_1", 50), ("bcus_jane", 20)]


def test_without_a_rest_the_balance_is_left_alone_and_its_rules_do_not_matter() -> None:
    for target in (JANE, customer(None), customer(500), customer(500, EXACTLY)):
        assert shares(allot_parts(target, 80, "ZAR", parts(30, 50), bills(50, 50))) == [("bill_0", 30), ("bill_1", 50)]
        assert shares(allot_oldest_first(target, 80, "ZAR", bills(30, 50))) == [("bill_0", 30), ("bill_1", 50)]


def test_an_account_pays_its_own_bills_and_a_customer_pays_all_of_theirs() -> None:
    of_account, of_customer = bills(50, 50, account_id="bacc_1"), bills(50, 50)
    assert shares(allot_parts(FIBRE, 80, "ZAR", parts(30, 50), of_account))
    assert shares(allot_parts(JANE, 80, "ZAR", parts(30, 50), of_account))
    mixed = [of_account[0], of_customer[1]]
    assert refused(allot_parts(FIBRE, 80, "ZAR", parts(30, 50), mixed)) == ("owner_mismatch", "/parts/1/bill")


johns = bill(50, default=ANY, id="bill_1", customer_id="bcus_john")
of_another_account = bill(50, default=ANY, id="bill_1", account_id="bacc_2")
voided = bill(50, default=ANY, id="bill_1", status="voided")


@pytest.mark.parametrize(
    ("target", "amounts", "second", "code", "pointer"),
    [
        (JANE, (50, 50), None, "bill_not_found", "/parts/1/bill"),
        (JANE, (50, 50), johns, "owner_mismatch", "/parts/1/bill"),
        (JANE, (50, 50), bill(50, default=ANY, id="bill_0"), "validation_failed", "/parts/1/bill"),
        (JANE, (50, 50), voided, "bill_voided", None),
        (JANE, (50, 50), bill(50, id="bill_1"), "payment_not_allowed", None),
        (JANE, (50, 50), bill(50, default=ANY, id="bill_1", currency="USD"), "currency_mismatch", "/currency"),
        (
            JANE,
            (50, 49),
            bill(50, default=rules(50), id="bill_1"),
            "payment_below_minimum",
            "/parts/1/amount",
        ),
        (JANE, (50, 51), bill(60, default=rules(0, 50), id="bill_1"), "payment_above_maximum", "/parts/1/amount"),
        (JANE, (50, 49), bill(50, default=EXACTLY, id="bill_1"), "underpayment_not_allowed", "/parts/1/amount"),
        (JANE, (50, 51), bill(50, default=EXACTLY, id="bill_1"), "overpayment_not_allowed", "/parts/1/amount"),
        (FIBRE, (50, 50), of_another_account, "owner_mismatch", "/parts/1/bill"),
    ],
)
def test_a_part_is_refused_for_what_a_payment_of_its_own_would_be(
    target: Owed, amounts: tuple[int, int], second: Owed | None, code: str, pointer: str | None
) -> None:
    [first] = bills(50, account_id="bacc_1" if target is FIBRE else None)
    assert refused(allot_parts(target, 200, "ZAR", parts(*amounts), [first, second])) == (code, pointer)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (customer(None, ANY), "payment_not_allowed"),
        (customer(500), "payment_not_allowed"),
        (customer(500, ANY, currency="USD"), "currency_mismatch"),
        (customer(500, rules(21)), "payment_below_minimum"),
        (customer(500, rules(0, 19)), "payment_above_maximum"),
        (customer(500, rules(under=False)), "underpayment_not_allowed"),
        (customer(19, rules(over=False)), "overpayment_not_allowed"),
        (customer(19 - AMOUNT_MAX, ANY), "amount_out_of_range"),
    ],
)
def test_a_rest_is_refused_for_what_a_payment_of_its_own_would_be(target: Owed, code: str) -> None:
    for outcome in (
        allot_parts(target, 100, "ZAR", parts(30, 50), bills(30, 50)),
        allot_oldest_first(target, 100, "ZAR", bills(30, 50)),
    ):
        assert isinstance(outcome, Refusal)
        assert outcome.code == code
        assert outcome.detail.startswith("20 would be left for the balance. ")
    for edge in (customer(500, rules(20)), customer(500, rules(0, 20)), customer(20 - AMOUNT_MAX, ANY)):
        assert shares(allot_oldest_first(edge, 100, "ZAR", bills(30, 50)))[2] == ("bcus_jane", 20)


def test_the_rest_of_a_payment_in_parts_is_not_spread_over_other_bills() -> None:
    assert shares(allot_parts(JANE, 100, "ZAR", parts(30), bills(50)))[1] == ("bcus_jane", 70)


def test_the_oldest_bills_come_first_and_none_is_overpaid() -> None:
    assert shares(allot_oldest_first(JANE, 60, "ZAR", bills(50, 50))) == [("bill_0", 50), ("bill_1", 10)]
    assert shares(allot_oldest_first(JANE, 50, "ZAR", bills(50, 50))) == [("bill_0", 50)]
    assert shares(allot_oldest_first(JANE, 101, "ZAR", bills(50, 50)))[2] == ("bcus_jane", 1)


def test_without_an_open_bill_the_balance_gets_everything() -> None:
    assert shares(allot_oldest_first(JANE, 60, "ZAR", [])) == [("bcus_jane", 60)]


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"default": None}, 0),
        ({"currency": "USD"}, 0),
        ({"status": "voided"}, 0),
        ({"default": rules(61)}, 0),
        ({"default": rules(60)}, 60),
        ({"default": rules(0, 10)}, 10),
        ({"default": rules(0, 0)}, 0),
        ({"default": EXACTLY}, 0),
    ],
)
def test_a_bill_that_takes_less_or_nothing_is_passed_by(changes: dict[str, Any], taken: int) -> None:
    settings: dict[str, Any] = {"default": ANY, "id": "bill_choosy"}
    choosy = bill(100, **(settings | changes))
    outcome = shares(allot_oldest_first(JANE, 60, "ZAR", [choosy, *bills(500)]))
    assert outcome == [share for share in [("bill_choosy", taken), ("bill_0", 60 - taken)] if share[1]]


def test_a_payment_over_too_many_bills_is_refused_and_one_over_just_as_many_is_taken() -> None:
    many = bills(*[1] * (BILLS_MAX + 1))
    assert len(shares(allot_oldest_first(JANE, BILLS_MAX, "ZAR", many))) == BILLS_MAX
    assert len(shares(allot_oldest_first(JANE, BILLS_MAX + 1, "ZAR", many[:BILLS_MAX]))) == BILLS_MAX + 1
    assert refused(allot_oldest_first(JANE, BILLS_MAX + 1, "ZAR", many)) == ("too_many_bills", "/amount")


small = st.integers(0, 30)
some_rules = st.none() | st.builds(
    lambda one, other, under, over: rules(min(one, other), max(one, other), under=under, over=over),
    small,
    small,
    st.booleans(),
    st.booleans(),
)
open_bills = st.lists(st.tuples(st.integers(1, 30), some_rules), max_size=5).map(
    lambda all_: [bill(due, default=default, id=f"bill_{number}") for number, (due, default) in enumerate(all_)]
)
targets = st.builds(customer, st.none() | st.integers(-10, 60), some_rules)


@given(targets, open_bills, st.integers(1, 90))
def test_a_spread_payment_is_all_of_it_and_each_share_could_be_paid_on_its_own(
    target: Owed, open_: list[Owed], amount: int
) -> None:
    outcome = allot_oldest_first(target, amount, "ZAR", open_)
    left, expected = amount, list[tuple[str, int]]()
    for one in open_:
        most = min(left, one.of.outstanding or 0)
        fits = [part for part in range(most + 1) if part and refuse_payment(one, part, "ZAR") is None]
        if fits:
            expected.append((one.of.id, max(fits)))
            left -= max(fits)
    if left:
        expected.append((target.of.id, left))
    if left and (refusal := refuse_payment(target, left, "ZAR")):
        assert refused(outcome) == (refusal.code, refusal.pointer)
        return
    assert shares(outcome) == expected
    assert sum(share for _, share in expected) == amount


@given(targets, open_bills, st.lists(st.integers(1, 30), min_size=5, max_size=5), small)
def test_parts_are_taken_just_when_each_and_the_rest_could_be_paid_on_its_own(
    target: Owed, open_: list[Owed], wanted: list[int], rest: int
) -> None:
    wanted = wanted[: len(open_)]
    amount = sum(wanted) + rest or 1
    rest = amount - sum(wanted)
    each = [*zip(open_, wanted, strict=True), *([(target, rest)] if rest else [])]
    outcome = allot_parts(target, amount, "ZAR", parts(*wanted), open_)
    refusals = [refusal for owed, share in each if (refusal := refuse_payment(owed, share, "ZAR"))]
    if refusals:
        assert refused(outcome)[0] == refusals[0].code
        return
    assert shares(outcome) == [(owed.of.id, share) for owed, share in each]
