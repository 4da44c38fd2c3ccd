"""The kinds of field that bodies are made of."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.currencies import EXPONENTS, explain_unknown
from dues.domain.fields import plain_text
from dues.domain.payment_rules import PaymentRules, standard_rules


@given(st.text())
def test_text_is_plain_unless_it_has_a_control_character(text: str) -> None:
    has_control = any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in text)
    assert bool(plain_text(text)) == has_control


@pytest.mark.parametrize("text", ["INV/2024/001", 'O\'Brien "&" <co>', "😀", "\u200fمرحبا", "a\u2028b", "日本"])
def test_what_people_really_write_is_plain(text: str) -> None:
    assert not plain_text(text)


@pytest.mark.parametrize(("code", "exponent"), [("ZAR", 2), ("JPY", 0), ("BHD", 3), ("CLF", 4), ("USD", 2)])
def test_currencies_know_their_smallest_unit(code: str, exponent: int) -> None:
    assert EXPONENTS[code] == exponent


@pytest.mark.parametrize("code", ["XAU", "XXX", "XTS", "HRK", "DEM", "zar", "", "ZZZ"])
def test_what_has_no_smallest_unit_or_is_withdrawn_is_no_currency(code: str) -> None:
    assert code not in EXPONENTS


@pytest.mark.parametrize(("typed", "meant"), [("zar", "ZAR"), ("Usd", "USD"), (" EUR", "EUR")])
def test_a_near_miss_is_told_what_was_meant(typed: str, meant: str) -> None:
    assert f"Did you mean {meant}?" in explain_unknown(typed)


def test_standard_rules_limit_nothing_that_nobody_chose() -> None:
    assert msgspec.to_builtins(standard_rules()) == {
        "min_amount": 1,
        "max_amount": 2**53 - 1,
        "underpayment_allowed": True,
        "overpayment_allowed": False,
    }
    assert list(standard_rules().cross_check()) == []


def test_a_minimum_above_the_maximum_is_a_contradiction() -> None:
    rules = PaymentRules(min_amount=2, max_amount=1, underpayment_allowed=True, overpayment_allowed=True)
    assert [broken.code for broken in rules.cross_check()] == ["min_above_max"]
