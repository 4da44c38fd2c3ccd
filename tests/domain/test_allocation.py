"""How a payment is spread: named parts, the oldest bill first, and the rest for the balance."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.allocation import (
    BILLS_MAX,
    Allotment,
    Money,
    Part,
    allot_oldest_first,
    allot_parts,
    allot_whole,
    fill,
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


def zar(amount: int, *, hold: bool = False) -> Money:
    """All of a payment of so much."""
    return Money(amount, "ZAR", amount, hold)


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
    assert allot_whole(target, zar(300)) == [Allotment(target, 300)]
    assert refused(allot_whole(target, zar(1001))) == ("payment_above_maximum", "/amount")


def test_each_named_bill_gets_its_part_and_the_balance_gets_the_rest() -> None:
    outcome = allot_parts(JANE, zar(100), parts(30, 50), bills(50, 50))
    assert shares(outcome) == [("bill_0", 30), ("bill_1", 50), ("bcus_jane", 20)]


def test_without_a_rest_the_balance_is_left_alone_and_its_rules_do_not_matter() -> None:
    for target in (JANE, customer(None), customer(500), customer(500, EXACTLY)):
        assert shares(allot_parts(target, zar(80), parts(30, 50), bills(50, 50))) == [("bill_0", 30), ("bill_1", 50)]
        assert shares(allot_oldest_first(target, zar(80), bills(30, 50))) == [("bill_0", 30), ("bill_1", 50)]


def test_an_account_pays_its_own_bills_and_a_customer_pays_all_of_theirs() -> None:
    of_account, of_customer = bills(50, 50, account_id="bacc_1"), bills(50, 50)
    assert shares(allot_parts(FIBRE, zar(80), parts(30, 50), of_account))
    assert shares(allot_parts(JANE, zar(80), parts(30, 50), of_account))
    mixed = [of_account[0], of_customer[1]]
    assert refused(allot_parts(FIBRE, zar(80), parts(30, 50), mixed)) == ("owner_mismatch", "/parts/1/bill")


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
        (JANE, (50, 49), bill(50, default=rules(201), id="bill_1"), "payment_below_minimum", "/amount"),
        (JANE, (50, 51), bill(60, default=rules(0, 199), id="bill_1"), "payment_above_maximum", "/amount"),
        (JANE, (50, 49), bill(50, default=EXACTLY, id="bill_1"), "underpayment_not_allowed", "/parts/1/amount"),
        (JANE, (50, 51), bill(50, default=EXACTLY, id="bill_1"), "overpayment_not_allowed", "/parts/1/amount"),
        (FIBRE, (50, 50), of_another_account, "owner_mismatch", "/parts/1/bill"),
    ],
)
def test_a_part_is_refused_by_the_rules_of_its_bill_and_the_payment_by_their_bounds(
    target: Owed, amounts: tuple[int, int], second: Owed | None, code: str, pointer: str | None
) -> None:
    [first] = bills(50, account_id="bacc_1" if target is FIBRE else None)
    assert refused(allot_parts(target, zar(200), parts(*amounts), [first, second])) == (code, pointer)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (customer(None, ANY), "payment_not_allowed"),
        (customer(500), "payment_not_allowed"),
        (customer(500, ANY, currency="USD"), "currency_mismatch"),
        (customer(500, rules(101)), "payment_below_minimum"),
        (customer(500, rules(0, 99)), "payment_above_maximum"),
        (customer(500, rules(under=False)), "underpayment_not_allowed"),
        (customer(19, rules(over=False)), "overpayment_not_allowed"),
        (customer(19 - AMOUNT_MAX, ANY), "amount_out_of_range"),
    ],
)
def test_a_rest_is_refused_by_the_rules_of_the_balance(target: Owed, code: str) -> None:
    for outcome in (
        allot_parts(target, zar(100), parts(30, 50), bills(30, 50)),
        allot_oldest_first(target, zar(100), bills(30, 50)),
    ):
        assert isinstance(outcome, Refusal)
        assert outcome.code == code
        assert outcome.detail.startswith("ZAR 0.20 would be left for the balance. ")
    edges = (rules(100), rules(0, 100), rules(1000), rules(over=False))
    for edge in (*(customer(20, one) for one in edges), customer(500, rules(100, 100)), customer(20 - AMOUNT_MAX, ANY)):
        assert shares(allot_oldest_first(edge, zar(100), bills(30, 50)))[2] == ("bcus_jane", 20)


def test_the_rest_of_a_payment_in_parts_is_not_spread_over_other_bills() -> None:
    assert shares(allot_parts(JANE, zar(100), parts(30), bills(50)))[1] == ("bcus_jane", 70)


def test_the_oldest_bills_come_first_and_none_is_overpaid() -> None:
    assert shares(allot_oldest_first(JANE, zar(60), bills(50, 50))) == [("bill_0", 50), ("bill_1", 10)]
    assert shares(allot_oldest_first(JANE, zar(50), bills(50, 50))) == [("bill_0", 50)]
    assert shares(allot_oldest_first(JANE, zar(101), bills(50, 50)))[2] == ("bcus_jane", 1)


def test_the_bounds_of_rules_are_for_the_payment_and_not_for_what_of_it_a_bill_gets() -> None:
    bound = rules(1000, 1000)
    several = [bill(500, default=bound, id=f"bill_{number}") for number in range(2)]
    assert shares(allot_oldest_first(JANE, zar(1000), several)) == [("bill_0", 500), ("bill_1", 500)]
    assert shares(allot_parts(JANE, zar(1000), parts(1, 500), several))[:2] == [("bill_0", 1), ("bill_1", 500)]
    for amount, code in ((999, "payment_below_minimum"), (1001, "payment_above_maximum")):
        assert refused(allot_parts(JANE, zar(amount), parts(1, 2), several)) == (code, "/amount")


def test_what_was_held_of_a_payment_is_bounded_by_all_of_it() -> None:
    several = [bill(500, default=rules(100, 200), id=f"bill_{number}") for number in range(2)]
    assert fill(several, Money(7, "ZAR", 99))[:2] == ([], 7)
    assert fill(several, Money(7, "ZAR", 100))[:2] == ([Allotment(several[0], 7)], 0)
    assert fill(several, Money(7, "ZAR", 201))[:2] == ([], 7)


def test_each_bill_is_filled_before_the_next_and_one_that_wants_all_gets_all_or_nothing() -> None:
    wants_all = bill(40, default=rules(under=False), id="bill_all")
    first, last = bills(50, 50)
    assert shares(allot_oldest_first(JANE, zar(90), [first, wants_all])) == [("bill_0", 50), ("bill_all", 40)]
    outcome = allot_oldest_first(JANE, zar(89), [first, wants_all, last])
    assert shares(outcome) == [("bill_0", 50), ("bill_1", 39)]


@pytest.mark.parametrize(
    ("target", "own_reason"),
    [(customer(None, ANY), "payment_not_allowed"), (customer(0, rules(over=False)), "overpayment_not_allowed")],
)
def test_where_a_rest_finds_no_place_the_first_bill_that_was_passed_over_says_why(
    target: Owed, own_reason: str
) -> None:
    picky, choosy = (bill(100, default=one, id="bill_x") for one in (rules(under=False), rules(0, 10)))
    assert refused(allot_oldest_first(target, zar(60), [picky, choosy])) == ("underpayment_not_allowed", "/amount")
    assert refused(allot_oldest_first(target, zar(60), [choosy, picky])) == ("payment_above_maximum", "/amount")
    assert refused(allot_oldest_first(target, zar(60), bills(30)))[0] == own_reason
    assert shares(allot_oldest_first(JANE, zar(60), [picky])) == [("bcus_jane", 60)]


def test_of_money_that_may_be_held_everything_takes_what_it_may_and_the_rest_is_left() -> None:
    exact = rules(over=False)
    assert shares(allot_whole(bill(50, default=exact), zar(60, hold=True))) == [("bill_1", 50)]
    assert shares(allot_whole(bill(70, default=EXACTLY), zar(60, hold=True))) == []
    assert shares(allot_whole(bill(50, default=ANY), zar(60, hold=True))) == [("bill_1", 60)]
    assert shares(allot_whole(customer(None, ANY), zar(60, hold=True))) == []
    assert shares(allot_whole(customer(50, exact), zar(60, hold=True))) == [("bcus_jane", 50)]
    assert shares(allot_oldest_first(customer(None), zar(60, hold=True), bills(50))) == [("bill_0", 50)]
    open_ = [bill(30, default=exact, id="bill_0"), bill(50, default=EXACTLY, id="bill_1")]
    outcome = allot_parts(customer(5, exact), zar(100, hold=True), parts(40, 49), open_)
    # 10 of the first part, all of the second and 6 of the rest are held; none of it is for the balance.
    assert shares(outcome) == [("bill_0", 30), ("bcus_jane", 5)]


def test_what_is_wrong_with_a_request_is_refused_even_where_money_may_be_held() -> None:
    for second, code in ((None, "bill_not_found"), (johns, "owner_mismatch"), (bills(1)[0], "validation_failed")):
        outcome = allot_parts(JANE, zar(200, hold=True), parts(50, 50), [*bills(50), second])
        assert refused(outcome) == (code, "/parts/1/bill")
    assert refused(allot_oldest_first(JANE, zar(BILLS_MAX + 1, hold=True), bills(*[1] * (BILLS_MAX + 1)))) == (
        "too_many_bills",
        "/amount",
    )


def test_without_an_open_bill_the_balance_gets_everything() -> None:
    assert shares(allot_oldest_first(JANE, zar(60), [])) == [("bcus_jane", 60)]


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"default": None}, 0),
        ({"currency": "USD"}, 0),
        ({"status": "voided"}, 0),
        ({"default": rules(61)}, 0),
        ({"default": rules(60)}, 60),
        ({"default": rules(0, 59)}, 0),
        ({"default": rules(0, 60)}, 60),
        ({"default": rules(0, 0)}, 0),
        ({"default": EXACTLY}, 0),
    ],
)
def test_a_bill_that_takes_less_or_nothing_is_passed_by(changes: dict[str, Any], taken: int) -> None:
    settings: dict[str, Any] = {"default": ANY, "id": "bill_choosy"}
    choosy = bill(100, **(settings | changes))
    outcome = shares(allot_oldest_first(JANE, zar(60), [choosy, *bills(500)]))
    assert outcome == [share for share in [("bill_choosy", taken), ("bill_0", 60 - taken)] if share[1]]


def test_a_payment_over_too_many_bills_is_refused_and_one_over_just_as_many_is_taken() -> None:
    many = bills(*[1] * (BILLS_MAX + 1))
    assert len(shares(allot_oldest_first(JANE, zar(BILLS_MAX), many))) == BILLS_MAX
    assert len(shares(allot_oldest_first(JANE, zar(BILLS_MAX + 1), many[:BILLS_MAX]))) == BILLS_MAX + 1
    assert refused(allot_oldest_first(JANE, zar(BILLS_MAX + 1), many)) == ("too_many_bills", "/amount")


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
def test_a_spread_payment_is_all_of_it_and_each_share_could_be_paid(
    target: Owed, open_: list[Owed], amount: int
) -> None:
    outcome = allot_oldest_first(target, zar(amount), open_)
    expected, left, passed = filled(open_, amount)
    if not left or (reason := refuse_payment(target, left, "ZAR", whole=amount)) is None:
        expected += [(target.of.id, left)] if left else []
        assert shares(outcome) == expected
        assert sum(share for _, share in expected) == amount
        return
    [reason, *_] = [*passed, reason]
    assert refused(outcome) == (reason.code, reason.pointer)


@given(targets, open_bills, st.integers(1, 90))
def test_of_a_payment_that_may_be_held_nothing_is_refused_that_could_be_taken(
    target: Owed, open_: list[Owed], amount: int
) -> None:
    expected, left, _ = filled(open_, amount)
    if left:
        expected += taken(target, left, amount)
    assert shares(allot_oldest_first(target, zar(amount, hold=True), open_)) == expected


def filled(open_: list[Owed], amount: int) -> tuple[list[tuple[str, int]], int, list[Refusal]]:
    """What each bill takes, by trying every share; what is left; and why those that take nothing do not."""
    left, expected, passed = amount, list[tuple[str, int]](), list[Refusal]()
    for one in open_:
        if not left:
            break
        most = min(left, one.of.outstanding or 0)
        fits = [part for part in range(1, most + 1) if refuse_payment(one, part, "ZAR", whole=amount) is None]
        assert fits in ([], [most]) or fits == list(range(1, most + 1))
        if fits:
            expected.append((one.of.id, most))
            left -= most
        elif refusal := refuse_payment(one, most, "ZAR", whole=amount):
            passed.append(refusal)
    return expected, left, passed


def taken(owed: Owed, wanted: int, whole: int) -> list[tuple[str, int]]:
    """All that is wanted, if it may be; else as much as is outstanding, if that may be; else nothing."""
    for some in (wanted, min(wanted, owed.of.outstanding or 0)):
        if some and refuse_payment(owed, some, "ZAR", whole=whole) is None:
            return [(owed.of.id, some)]
    return []


@given(targets, open_bills, st.lists(st.integers(1, 30), min_size=5, max_size=5), small)
def test_parts_are_taken_just_when_each_and_the_rest_could_be_paid(
    target: Owed, open_: list[Owed], wanted: list[int], rest: int
) -> None:
    wanted = wanted[: len(open_)]
    amount = sum(wanted) + rest or 1
    rest = amount - sum(wanted)
    each = [*zip(open_, wanted, strict=True), *([(target, rest)] if rest else [])]
    held = allot_parts(target, zar(amount, hold=True), parts(*wanted), open_)
    assert shares(held) == [share for owed, some in each for share in taken(owed, some, amount)]
    outcome = allot_parts(target, zar(amount), parts(*wanted), open_)
    refusals = [refusal for owed, share in each if (refusal := refuse_payment(owed, share, "ZAR", whole=amount))]
    if refusals:
        assert refused(outcome)[0] == refusals[0].code
        return
    assert shares(outcome) == [(owed.of.id, share) for owed, share in each]
