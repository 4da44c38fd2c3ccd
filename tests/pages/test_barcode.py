"""Bars that a till reads."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.pages.look.barcode import LENGTH_MAX, barcode, can_be_bars, widths_of

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=LENGTH_MAX)


@given(TEXTS)
def test_each_symbol_is_as_wide_as_the_standard_says_and_no_two_are_alike(text: str) -> None:
    widths = widths_of(text)
    assert len(widths) == 6 * (len(text) + 2) + 7
    symbols = [widths[at : at + 6] for at in range(0, len(widths) - 7, 6)]
    assert all(sum(map(int, symbol)) == 11 for symbol in symbols)
    assert len(set(symbols[1:-1])) == len(set(text))


def test_what_no_till_reads_is_no_bars() -> None:
    assert can_be_bars("INV-2026/001")
    for text in ("", "é", "a\n", "x" * (LENGTH_MAX + 1), "١٢٣"):
        assert not can_be_bars(text), text


@pytest.mark.skipif(not (shutil.which("zbarimg") and shutil.which("rsvg-convert")), reason="no reader of bars is here")
@pytest.mark.parametrize("text", ["INV-2026-001", "METER/0042 ~!", "A", "x" * LENGTH_MAX])
def test_a_reader_that_is_not_ours_reads_it(text: str, tmp_path: Path) -> None:
    picture = barcode(text, "x").replace(
        "<svg ", '<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="200" ', 1
    )
    (tmp_path / "bars.svg").write_text(picture)
    svg, png = str(tmp_path / "bars.svg"), str(tmp_path / "bars.png")
    subprocess.run(["rsvg-convert", "--background-color=white", svg, "-o", png], check=True)
    read = subprocess.run(["zbarimg", "-q", png], check=True, capture_output=True, text=True)
    assert read.stdout.strip() == f"CODE-128:{text}"
