"""What the guide shows of a journal is what a journal has."""

import re
from pathlib import Path

import pytest

from tests.conftest import Merchant
from tests.house.test_examples import DOCS, Reader, follow

GUIDE = DOCS / "guides" / "books-for-your-accountant.md"


@pytest.mark.slow
def test_the_guide_shows_what_is_written(merchant: Merchant, database_url: str, tmp_path: Path) -> None:
    follow(Reader(merchant, database_url, tmp_path), GUIDE)
    for language, file in (("hledger", "books.hledger"), ("csv", "daily.csv")):
        [shown] = re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
        written = (tmp_path / file).read_text()
        body = written[written.index("\n", written.index("commodity")) :] if language == "hledger" else written
        for line, there in zip(shown.strip().splitlines(), body.strip().splitlines(), strict=True):
            pattern = re.escape(line).replace("…", r"\w{21}")
            pattern = re.sub(r"^2026\\-01\\-20", r"\\d{4}-\\d\\d-\\d\\d", pattern)
            assert re.fullmatch(pattern, there), (line, there)
    fees = (tmp_path / "fees.beancount").read_text()
    assert "  Assets:Debtors:METER-4001  1500.00 ZAR\n  Income:Fees  -1500.00 ZAR\n" in fees
    assert "Assets:Clearing:Eft  500.00 ZAR" in fees
    assert " * " not in (tmp_path / "january.beancount").read_text()  # it is later
