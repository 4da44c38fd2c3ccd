"""Folding: what people read as the same is the same, and beginnings stay beginnings."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis.strategies import text

from dues.domain.folding import LAST_TEXT, after_all_that_begin_with, beginning_of_number, fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("UAR-1", "uar-1"),
        ("Émile", "e\u0301MILE"),
        ("STRASSE", "straße"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Ǆ", "ǆ"),
        ("İ", "i\u0307"),
        ("Привет", "ПРИВЕТ"),
    ],
)
def test_cases_and_compositions_make_no_difference(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize("other", ["Emile", "É mile", "Émile ", "Ém%le"])
def test_everything_else_does(other: str) -> None:
    assert fold("Émile") != fold(other)


@given(text())
def test_what_is_folded_stays_so_and_is_composed(one: str) -> None:
    assert fold(fold(one)) == fold(one) == normalize("NFC", fold(one))
    assert len(fold(one)) <= 3 * len(one)


@given(text(min_size=1, max_size=3), text(max_size=3))
def test_whatever_begins_with_a_prefix_is_before_what_comes_after_it(prefix: str, rest: str) -> None:
    after = after_all_that_begin_with(prefix)
    assert prefix <= prefix + rest < after
    assert not after.startswith(prefix) or after == LAST_TEXT
    after.encode()


@given(text(max_size=3), text(min_size=1, max_size=3))
def test_nothing_else_is_between_them(one: str, prefix: str) -> None:
    assert one.startswith(prefix) == (prefix <= one < after_all_that_begin_with(prefix))


def test_the_last_characters_have_something_after_them() -> None:
    assert after_all_that_begin_with("a") == "b"
    assert after_all_that_begin_with("\ud7ff") == "\ue000"
    assert after_all_that_begin_with("a\U0010ffff") == "b"
    assert after_all_that_begin_with("\U0010ffff" * 2) == LAST_TEXT


@pytest.mark.parametrize(
    ("said", "number"),
    [("+27", "+27"), (" 27", "+27"), ("27", "+27"), ("+", "+"), ("anna", None), ("+27x", None), ("٢٧", None)],
)
def test_the_beginning_of_a_number_is_known_with_and_without_its_plus(said: str, number: str | None) -> None:
    assert beginning_of_number(said) == number
