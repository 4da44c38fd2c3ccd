"""A statement as people see it: the same figures on a page and on paper, in every language, whoever is called what."""

import shutil
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dues.domain.statements.causes import CAUSES
from dues.domain.statements.figures import Position, ages_of
from dues.pages.paper import NotInstalledError, Printer, TooLongError
from dues.pages.statements import statement_page
from dues.pages.statements.paper import statement_paper
from dues.pages.words import LANGUAGES, Language
from dues.resources.statements.read import position_body
from dues.resources.statements.wire import (
    AgeBody,
    InCurrencyBody,
    MovementBody,
    OpenBillBody,
    OwnerBody,
    StatementBody,
)
from tests.pages.page import read_page

HOSTILE = (
    '#read("/etc/passwd") #eval("1+1") $x^2$ *b* `raw` \\ @label <label> // = h',
    "<script>alert(1)</script>&amp;<b>\"'",
    "Ωμέγα Иван علي עברית हिन्दी 田中 さくら 한국 ไทย Zoë",
    "x" * 255,
)

PRINTER = Printer()
"""The fonts are read once."""

A_SECOND_MIN = 10


def statement(
    lines: int = 12, name: str = "Jane Doe", currency: str = "ZAR", scale: int = 1, **more: Any
) -> StatementBody:
    """A statement with every cause in it, of somebody who is called so, as are their bills."""
    causes = sorted(set(CAUSES.values()))
    day, now = date(2026, 1, 5), datetime(2026, 1, 5, 8, tzinfo=UTC)
    balance, movements = 0, []
    for number in range(lines):
        balance += (amount := (1_000 + number) * scale)
        movements.append(
            MovementBody(
                date=day,
                recorded_at=now,
                cause=causes[number % len(causes)],
                amount=amount,
                balance=balance,
                id=f"ent_{number}",
                bill=name,
                payment=f"EFT-{number}",
                method="eft",
                reason="bounced" if number % 2 else name,
            )
        )
    bill = OpenBillBody(
        id="bill_1",
        external_reference=name,
        bill_date=day,
        amount_due=balance,
        amount_remaining=balance + 5,
        age="bill_date",
        days_overdue=26,
    )
    ages = ages_of([(bill.days_overdue, bill.amount_remaining)])
    one = InCurrencyBody(
        currency=currency,
        opening=position_body(Position()),
        charged=balance,
        credited=0,
        movements=movements,
        held_movements=movements[:1],
        closing=position_body(Position(open_bills=balance + 5, overpaid_bills=5, held=777)),
        ages=[AgeBody(count=a.count, amount=a.amount, from_days=a.from_days, to_days=a.to_days) for a in ages],
        open_bills=[bill],
        open_bills_count=1,
    )
    told: dict[str, Any] = {
        "merchant": "Karoo Water",
        "mode": "test",
        "customer": OwnerBody(id="bcus_1", external_reference="CUST-1", name=name),
        "from_": date(2026, 1, 1),
        "to": date(2026, 1, 31),
        "time_zone": "UTC",
        "payment_reference": "CUST-1",
        "currencies": [one],
    }
    return StatementBody(**told | more)


def printed(body: StatementBody, language: str = "en") -> bytes:
    return PRINTER.set(statement_paper(body, Language(language)))


def test_a_page_is_whole_in_every_language() -> None:
    for language in LANGUAGES:
        html = statement_page(statement(lines=len(CAUSES)), Language(language))
        read = read_page(html)
        assert not read.tags & {"script", "link", "img"}
        assert not [name for _, name in read.attributes if name == "style" or name.startswith("on")]
        assert {"main", "h1", "table", "caption", "dl"} <= read.tags
        assert f'lang="{language}" dir="{Language(language).direction}"' in html.decode()
        assert Language(language).amount(statement(lines=len(CAUSES)).currencies[0].charged, "ZAR") in read.text
        assert "CUST-1" in read.text


def test_it_says_credit_in_words_and_nothing_where_there_is_nothing() -> None:
    [one] = statement().currencies
    credit = {"total": -500, "balances_in_credit": 500, "balances_owed": 0, "open_bills": 0}
    below = type(one.closing)(**credit, overpaid_bills=0, held=0)
    said = {field: getattr(one, field) for field in one.__struct_fields__} | {"closing": below, "held_movements": []}
    html = statement_page(statement(currencies=[InCurrencyBody(**said)]), Language("en")).decode()
    assert 'class="state credit">in credit<' in html
    assert "Money held" not in html
    empty = read_page(statement_page(statement(currencies=[]), Language("en")))
    assert "Nothing was owed" in empty.text


@pytest.mark.parametrize("name", HOSTILE, ids=["typst", "html", "scripts", "long"])
def test_names_are_text_whatever_they_say(name: str) -> None:
    read = read_page(statement_page(statement(name=name), Language("en")))
    assert name in read.text
    assert not read.tags & {"script", "b"}
    pytest.importorskip("typst", reason="needs dues[pdf]")
    text = "".join(text_of(printed(statement(name=name))).replace("\u200b", "").split())
    for part in name.split():
        if all(ord(letter) < 0x500 for letter in part):
            assert part in text
    assert "root:" not in text


def text_of(document: bytes) -> str:
    if (pdftotext := shutil.which("pdftotext")) is None:
        pytest.skip("needs pdftotext, of poppler-utils")
    return subprocess.run([pdftotext, "-", "-"], input=document, capture_output=True, check=True).stdout.decode()


def test_a_document_has_every_amount_its_pages_and_its_words() -> None:
    pytest.importorskip("typst", reason="needs dues[pdf]")
    body = statement(lines=120)
    document = printed(body)
    assert document.startswith(b"%PDF-")
    assert b"pdfuaid" in document
    text = text_of(document)
    english = Language("en")
    for movement in body.currencies[0].movements:
        assert english.amount(movement.amount, "ZAR") in text
        assert english.amount(movement.balance, "ZAR") in text
    pages = text.count("\f")
    assert pages > 1
    for number in range(1, pages + 1):
        assert f"Page {number} of {pages}" in text
    assert text.count("Test: no money moves") == pages
    assert text.count("Balance, ZAR") >= pages - 1  # the head of the table is on each
    assert text_of(printed(statement(currency="JPY"))).count("1,000\n")
    assert "1.000" in text_of(printed(statement(currency="BHD")))
    assert "Kontoauszug" in text_of(printed(body, "de"))


def test_the_same_is_the_same_document_byte_by_byte() -> None:
    pytest.importorskip("typst", reason="needs dues[pdf]")
    for language in LANGUAGES:
        first = printed(statement(), language)
        assert first == Printer().set(statement_paper(statement(), Language(language)))
    assert printed(statement(lines=13)) != printed(statement())


def test_more_than_anybody_reads_is_refused() -> None:
    with pytest.raises(TooLongError, match="text/csv"):
        statement_paper(statement(lines=2_001), Language("en"))
    with pytest.raises(TooLongError):
        statement_page(statement(lines=2_001), Language("en"))


def test_who_has_nothing_to_set_it_with_is_told_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(NotInstalledError, match=r"pip install 'dues\[pdf\]'"):
        Printer().set(statement_paper(statement(), Language("en")))


def test_fonts_are_found_where_they_are_said_to_be(tmp_path: Path) -> None:
    typst = pytest.importorskip("typst", reason="needs dues[pdf]")
    printer = Printer(f"{tmp_path}:~/nowhere")
    assert printer.set(statement_paper(statement(), Language("en"))).startswith(b"%PDF-")
    assert (
        typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(tmp_path)]).fonts() == []
    )


@pytest.mark.slow
@pytest.mark.soak
def test_ten_documents_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("typst", reason="needs dues[pdf]")
    bodies = [statement(lines=40, name=f"Jane {number}", scale=number) for number in range(1, 21)]
    printed(bodies[0])
    started = time.perf_counter()
    for body in bodies[1:]:
        printed(body)
    each = (time.perf_counter() - started) / (len(bodies) - 1)
    started = time.perf_counter()
    printed(statement(lines=1_999))
    longest = time.perf_counter() - started
    with capsys.disabled():
        print(
            f"\na document of 40 lines: {each * 1000:.0f} ms, {1 / each:.0f} a second; of 2,000 lines: {longest:.1f} s"
        )
    assert each < 10 / A_SECOND_MIN  # ten times as long, on a machine that has others to serve
