"""What may be paid: each rule at its edge, and what is told of it by the same rules."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.money import AMOUNT_MAX
from dues.domain.obligations import Owed, Payable, payable, refuse_payment, rules_of, takes_of
from dues.domain.payment_rules import PaymentRules
from dues.domain.refusals import Refusal
from tests.domain.owed import account, bill, customer, rules

OWED: dict[str, Callable[..., Owed]] = {"bill": bill, "account": account, "customer": customer}

ANY = rules(100, 1000)
NO_MORE = rules(100, 1000, over=False)
NO_LESS = rules(100, 1000, under=False)
EXACTLY = rules(100, 1000, under=False, over=False)
BOUNDLESS = rules(0, AMOUNT_MAX)

CASES: list[tuple[PaymentRules | None, int, int, str | None]] = [
    (None, 500, 500, "payment_not_allowed"),
    (None, 0, 1, "payment_not_allowed"),
    # The least, and exactly what is outstanding although it is less.
    (ANY, 500, 99, "payment_below_minimum"),
    (ANY, 500, 100, None),
    (ANY, 60, 59, "payment_below_minimum"),
    (ANY, 60, 60, None),
    (ANY, 60, 61, "payment_below_minimum"),
    (ANY, 60, 99, "payment_below_minimum"),
    (ANY, 60, 100, None),
    (ANY, 0, 99, "payment_below_minimum"),
    (NO_MORE, 60, 60, None),
    (NO_LESS, 60, 60, None),
    (EXACTLY, 60, 60, None),
    (rules(0, 1000), 500, 1, None),
    # The most, even where more is outstanding.
    (ANY, 500, 1000, None),
    (ANY, 500, 1001, "payment_above_maximum"),
    (ANY, 1001, 1000, None),
    (ANY, 1001, 1001, "payment_above_maximum"),
    (EXACTLY, 1001, 1001, "payment_above_maximum"),
    (rules(0, 0), 500, 1, "payment_above_maximum"),
    (rules(0, 0), 1, 1, "payment_above_maximum"),
    # Less than is outstanding.
    (NO_MORE, 500, 499, None),
    (NO_LESS, 500, 499, "underpayment_not_allowed"),
    (NO_LESS, 1001, 1000, "underpayment_not_allowed"),
    (NO_LESS, 500, 500, None),
    # More than is outstanding.
    (NO_LESS, 500, 501, None),
    (NO_LESS, 0, 100, None),
    (NO_MORE, 500, 501, "overpayment_not_allowed"),
    (NO_MORE, 60, 100, "overpayment_not_allowed"),
    (NO_MORE, 0, 100, "overpayment_not_allowed"),
    (NO_MORE, 500, 500, None),
    # Neither.
    (EXACTLY, 500, 499, "underpayment_not_allowed"),
    (EXACTLY, 500, 500, None),
    (EXACTLY, 500, 501, "overpayment_not_allowed"),
    # The smallest of several that are broken has the word.
    (EXACTLY, 500, 99, "payment_below_minimum"),
    (EXACTLY, 500, 1001, "payment_above_maximum"),
]


@pytest.mark.parametrize("kind", OWED)
@pytest.mark.parametrize("own", [True, False], ids=["own", "default"])
@pytest.mark.parametrize(("given_", "outstanding", "amount", "code"), CASES)
def test_each_rule_holds_up_to_its_edge(
    kind: str, own: bool, given_: PaymentRules | None, outstanding: int, amount: int, code: str | None
) -> None:
    owed = OWED[kind](outstanding, payment_rules=given_) if own else OWED[kind](outstanding, default=given_)
    refusal = refuse_payment(owed, amount, "ZAR", "/parts/3")
    if code is None:
        assert refusal is None
        return
    assert refusal
    assert (refusal.code, refusal.outstanding, refusal.payment_rules) == (code, outstanding, given_)
    bounds = "payment_below_minimum", "payment_above_maximum"
    assert refusal.pointer == (None if code == "payment_not_allowed" else "/parts/3/amount"[8 * (code in bounds) :])


@pytest.mark.parametrize("kind", OWED)
@pytest.mark.parametrize(
    ("given_", "outstanding", "amount", "whole", "code"),
    [
        (ANY, 500, 1, 99, "payment_below_minimum"),
        (ANY, 500, 1, 100, None),
        (ANY, 60, 60, 99, None),
        (ANY, 60, 59, 60, "payment_below_minimum"),
        (ANY, 500, 1, 1000, None),
        (ANY, 500, 1, 1001, "payment_above_maximum"),
        (ANY, 500, 500, 1001, "payment_above_maximum"),
        # All else is about the part.
        (NO_LESS, 500, 499, 500, "underpayment_not_allowed"),
        (NO_LESS, 500, 500, 501, None),
        (NO_MORE, 500, 500, 1000, None),
        (NO_MORE, 500, 501, 1000, "overpayment_not_allowed"),
    ],
)
def test_the_least_and_the_most_are_compared_with_the_whole_payment(
    kind: str, given_: PaymentRules, outstanding: int, amount: int, whole: int, code: str | None
) -> None:
    refusal = refuse_payment(OWED[kind](outstanding, default=given_), amount, "ZAR", "/parts/0", whole)
    assert (refusal and refusal.code) == code


@pytest.mark.parametrize(
    ("currency", "says"),
    [("ZAR", "at most ZAR 10.00."), ("JPY", "at most JPY 1,000."), ("XAF", "at most XAF 1,000."), ("XXX", "1,000 in")],
)
def test_amounts_are_said_with_their_currency_and_its_decimals(currency: str, says: str) -> None:
    refusal = refuse_payment(bill(500, default=ANY, currency=currency), 1001, currency)
    assert refusal
    assert says in refusal.detail


def test_what_a_bill_was_credited_is_not_outstanding() -> None:
    lowered = bill(100, default=EXACTLY, amount_credited=40, amount_due=140)
    assert lowered.of.outstanding == 100
    assert payable(lowered) == Payable(100, 100)
    by_more = bill(0, paid=30, default=NO_MORE, amount_due=100, amount_credited=75)
    assert by_more.of.outstanding == 0
    assert payable(bill(1, amount_due=10, amount_credited=10, default=BOUNDLESS, status="paid")).largest == (
        AMOUNT_MAX - 10
    )


def test_of_a_voided_bill_nothing_is_outstanding() -> None:
    voided_ = bill(500, default=ANY, status="voided")
    assert voided_.of.outstanding == 0
    assert takes_of(voided_, 500, "ZAR", 500)[0] == 0


@pytest.mark.parametrize("kind", OWED)
def test_its_own_rules_come_before_the_merchants(kind: str) -> None:
    owed = OWED[kind](500, default=NO_LESS, payment_rules=NO_MORE)
    assert rules_of(owed) == NO_MORE
    assert refuse_payment(owed, 499, "ZAR") is None


@pytest.mark.parametrize("kind", OWED)
def test_another_currency_is_refused_before_any_amount_is_compared(kind: str) -> None:
    refusal = refuse_payment(OWED[kind](500, default=ANY), 1, "USD", "/parts/0")
    assert refusal
    assert (refusal.code, refusal.pointer, refusal.outstanding) == ("currency_mismatch", "/currency", 500)
    unruled = refuse_payment(OWED[kind](500), 1, "USD")
    assert unruled
    assert unruled.code == "payment_not_allowed"


@pytest.mark.parametrize("own", [{"payment_rules": ANY}, {}])
@pytest.mark.parametrize("owed", [account, customer])
def test_what_tracks_no_balance_cannot_be_paid(owed: Callable[..., Owed], own: dict[str, Any]) -> None:
    one = owed(None, ANY, **own)
    refusal = refuse_payment(one, 500, "ZAR")
    assert refusal
    assert (refusal.code, refusal.outstanding, refusal.payment_rules) == ("payment_not_allowed", None, None)
    assert payable(one) == Payable(refusal=refusal)


def test_a_voided_bill_cannot_be_paid_whatever_its_rules() -> None:
    for default, currency in product([ANY, None], ["ZAR", "USD"]):
        refusal = refuse_payment(bill(500, default=default, status="voided"), 500, currency)
        assert refusal
        assert (refusal.code, refusal.pointer) == ("bill_voided", None)


@pytest.mark.parametrize("owed", [account, customer])
def test_a_credit_is_nothing_outstanding(owed: Callable[..., Owed]) -> None:
    assert owed(-700).of.outstanding == 0
    assert refuse_payment(owed(-700, ANY), 100, "ZAR") is None
    refusal = refuse_payment(owed(-700, NO_MORE), 100, "ZAR")
    assert refusal
    assert (refusal.code, refusal.outstanding) == ("overpayment_not_allowed", 0)


def test_of_an_overpaid_bill_nothing_is_outstanding() -> None:
    overpaid = {"paid": 600, "amount_due": 500}
    assert bill(0, default=ANY, **overpaid).of.outstanding == 0
    assert payable(bill(0, default=ANY, **overpaid)) == Payable(100, 1000)
    refusal = payable(bill(0, default=NO_MORE, **overpaid)).refusal
    assert refusal
    assert (refusal.code, refusal.outstanding) == ("overpayment_not_allowed", 0)


def test_between_the_smallest_and_the_largest_there_may_be_a_gap() -> None:
    assert payable(bill(60, default=ANY)) == Payable(60, 1000)
    assert refuse_payment(bill(60, default=ANY), 61, "ZAR")
    assert payable(bill(60, default=NO_MORE)) == Payable(60, 60)


@pytest.mark.parametrize(
    ("owed", "most"),
    [
        (account(-AMOUNT_MAX, BOUNDLESS), 0),
        (account(1 - AMOUNT_MAX, BOUNDLESS), 1),
        (customer(2 - AMOUNT_MAX, BOUNDLESS), 2),
        (account(-1, BOUNDLESS), AMOUNT_MAX - 1),
        (account(0, BOUNDLESS), AMOUNT_MAX),
        (account(1, BOUNDLESS), AMOUNT_MAX),
        (customer(AMOUNT_MAX, BOUNDLESS), AMOUNT_MAX),
        (bill(AMOUNT_MAX, default=BOUNDLESS), AMOUNT_MAX),
        (bill(1, default=BOUNDLESS), AMOUNT_MAX),
        (bill(1, paid=AMOUNT_MAX - 1, default=BOUNDLESS), 1),
        (bill(0, paid=AMOUNT_MAX - 1, default=BOUNDLESS), 1),
        (bill(0, paid=AMOUNT_MAX, default=BOUNDLESS), 0),
    ],
)
def test_nothing_leaves_the_safe_range(owed: Owed, most: int) -> None:
    for amount in (most - 1, most):
        assert amount < 1 or refuse_payment(owed, amount, "ZAR") is None
    beyond = refuse_payment(owed, most + 1, "ZAR")
    assert beyond
    assert beyond.code == ("payment_above_maximum" if most == AMOUNT_MAX else "amount_out_of_range")
    assert payable(owed).largest == most
    assert (payable(owed).refusal is not None) == (most == 0)


LARGEST = 50
"""The most that any rules take in what follows."""

small = st.integers(0, 30)
flags = st.booleans()
some_rules = st.none() | st.builds(
    lambda one, other, under, over: rules(min(one, other), max(one, other), under=under, over=over),
    small | st.just(LARGEST),
    small | st.just(LARGEST),
    flags,
    flags,
)
amounts_paid = small | st.integers(AMOUNT_MAX - 60, AMOUNT_MAX - 30)
bills = st.builds(bill, small, amounts_paid, some_rules) | st.builds(
    lambda paid, default: bill(0, paid, default), st.integers(AMOUNT_MAX - 40, AMOUNT_MAX), some_rules
)
voided = st.builds(lambda due, default: bill(due, default=default, status="voided"), st.integers(1, 30), some_rules)
balances = st.none() | st.integers(-10, 30) | st.integers(-AMOUNT_MAX, 40 - AMOUNT_MAX)
obligations = bills | voided | st.builds(account, balances, some_rules) | st.builds(customer, balances, some_rules)


@given(obligations)
def test_what_is_told_to_be_payable_is_what_is_taken(owed: Owed) -> None:
    taken = [amount for amount in range(1, LARGEST + 2) if refuse_payment(owed, amount, "ZAR") is None]
    can = payable(owed)
    if taken:
        assert can == Payable(min(taken), max(taken))
    else:
        assert isinstance(can.refusal, Refusal)
        assert (can.smallest, can.largest) == (0, 0)


@given(obligations, st.integers(1, LARGEST), st.sampled_from(["ZAR", "ZAR", "ZAR", "USD"]))
def test_it_takes_the_most_that_does_not_overpay_it(owed: Owed, amount: int, currency: str) -> None:
    fitting = range(1, min(amount, owed.of.outstanding or 0) + 1)
    expected = max((one for one in fitting if refuse_payment(owed, one, currency, whole=amount) is None), default=0)
    taken, refusal = takes_of(owed, amount, currency, amount)
    assert taken == expected
    # Why none of it is taken; of what owes nothing that may be because nothing is outstanding.
    assert (refusal is None) == bool(expected or (not fitting and refuse_payment(owed, amount, currency) is None))


@given(obligations, st.integers(1, LARGEST), st.integers(0, LARGEST))
def test_a_part_meets_the_bounds_of_its_payment_and_everything_else_by_itself(
    owed: Owed, amount: int, more: int
) -> None:
    rule, left = rules_of(owed), owed.of.outstanding
    refusal = refuse_payment(owed, amount, "ZAR", whole=amount + more)
    if owed.of.noun == "bill" and getattr(owed.of, "status", "") == "voided":
        expected = "bill_voided"
    elif rule is None or left is None:
        expected = "payment_not_allowed"
    elif amount + more < rule.min_amount and amount != left:
        expected = "payment_below_minimum"
    elif amount + more > rule.max_amount:
        expected = "payment_above_maximum"
    elif amount < left and not rule.underpayment_allowed:
        expected = "underpayment_not_allowed"
    elif amount > left and not rule.overpayment_allowed:
        expected = "overpayment_not_allowed"
    elif owed.of.noun == "bill":
        expected = "amount_out_of_range" if getattr(owed.of, "amount_paid", 0) + amount > AMOUNT_MAX else ""
    else:
        expected = "amount_out_of_range" if getattr(owed.of, "balance", 0) - amount < -AMOUNT_MAX else ""
    assert (refusal.code if refusal else "") == expected
