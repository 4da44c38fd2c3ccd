"""References as people read them."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.fields import visible_text
from dues.domain.references import INVISIBLE_PATTERN, as_read, refuse_invisible


@given(st.text())
def test_a_reference_has_one_form_however_it_was_composed(text: str) -> None:
    assert as_read(unicodedata.normalize("NFD", text)) == as_read(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        ("EFT-9\u200b", "U+200B ZERO WIDTH SPACE at position 6"),
        ("\ufeffEFT-9", "U+FEFF ZERO WIDTH NO-BREAK SPACE at position 1"),
        ("E\u00adFT", "U+00AD SOFT HYPHEN at position 2"),
        ("a\u2028b\u200b", "U+2028 LINE SEPARATOR at position 2"),
        ("a\u3164", "U+3164 HANGUL FILLER at position 2"),
        ("a\U000e0041", "U+E0041 TAG LATIN CAPITAL LETTER A at position 2"),
    ],
)
def test_what_nobody_sees_is_refused_by_its_name_and_place(reference: str, named: str) -> None:
    [broken] = refuse_invisible(reference)
    assert broken.code == "invisible_character"
    assert broken.detail == f"must not contain invisible characters: it has {named}."


@pytest.mark.parametrize("reference", ["INV/2024/001", "FACTURÉ-1", "日本", "مرحبا", "😀", "a b", "a\u00a0b"])
def test_what_people_see_is_not(reference: str) -> None:
    assert not visible_text(reference)


@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])))
def test_the_pattern_of_the_document_says_the_same(text: str) -> None:
    pattern = rf"^[^\u0000-\u001f\u007f-\u009f{INVISIBLE_PATTERN}]*\Z"
    assert bool(re.search(pattern, text)) == (not visible_text(text))
