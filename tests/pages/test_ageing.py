"""The page of ageing: one question answered at its top, in every language, whatever people are called."""

from datetime import date
from typing import Any

import pytest

from dues.pages.ageing import ageing_page
from dues.pages.words import LANGUAGES, Language
from dues.resources.ageing.query import AgeingQuery
from dues.resources.ageing.read import Ageing
from dues.resources.ageing.wire import AgedBody, AgedSumBody, AgeingBody, FiguresBody, SumBody
from tests.pages.page import read_page

HOSTILE = '<script>alert("x")</script> & مرحبا #read("/etc/passwd")'

DAY = date(2026, 1, 31)


def figures(**changes: Any) -> FiguresBody:
    amounts = (240_000, 45_000, 15_000, 0, 0, 9_007_199_254_440_991)
    codes = ("not_due", "1-30", "31-60", "61-90", "91-120", "121+")
    ages = [AgedSumBody(code, int(amount > 0), amount) for code, amount in zip(codes, amounts, strict=True)]
    usual: dict[str, Any] = {
        "open_bills": SumBody(4, sum(amounts)),
        "ages": ages,
        "overdue": SumBody(3, sum(amounts[1:])),
        "without_due_date": SumBody(1, 15_000),
        "balance_owed": 7_500,
        "credit": 1_200,
        "held": 500,
        "net_amount": sum(amounts) + 5_800,
    }
    return FiguresBody(**usual | changes)


def body(by: Any, *rows: AgedBody, next_cursor: str | None = None) -> AgeingBody:
    more = next_cursor is not None
    return AgeingBody(as_of=DAY, time_zone="UTC", by=by, data=[*rows], has_more=more, next_cursor=next_cursor)


def made(by: Any = "total", listed: AgeingBody | None = None, *total: AgedBody, mode: Any = "live") -> Ageing:
    return Ageing(HOSTILE, mode, AgeingQuery(by=by, as_of=DAY), body("total", *total), listed)


@pytest.mark.parametrize("code", LANGUAGES)
def test_it_says_what_is_overdue_and_what_stands_beside_it(code: str) -> None:
    language = Language(code)
    row = AgedBody(currency="ZAR", figures=figures())
    customer = AgedBody(
        currency="ZAR",
        customer_id="bcus_1",
        customer_reference=HOSTILE,
        customer_name=HOSTILE,
        oldest_due_date=date(2025, 12, 1),
        figures=figures(),
    )
    html = ageing_page(made("customer", body("customer", customer, next_cursor="abc"), row), language)
    text, page = html.decode(), read_page(html)
    assert not page.tags & {"script", "link", "img"}
    assert not [name for _, name in page.attributes if name == "style"]
    assert f'lang="{code}" dir="{language.direction}"' in text
    assert language.amount(figures().overdue.amount_remaining, "ZAR") in text
    for amount in (7_500, 1_200, 500, figures().net_amount):
        assert f"{language.amount(amount, 'ZAR')}</span>" in text
    assert "by=customer&amp;currency=ZAR&amp;as_of=2026-01-31&amp;limit=20&amp;cursor=abc" in text
    assert text.count("<rect") == 6
    assert len(html) < 20_000


def test_each_currency_has_its_own_figures_and_test_data_a_band() -> None:
    rows = (AgedBody(currency="JPY", figures=figures()), AgedBody(currency="ZAR", figures=figures()))
    text = ageing_page(made("total", None, *rows, mode="test"), Language("en")).decode()
    assert 'class="test"' in text
    assert text.count("<h1>Overdue</h1>") == 2
    assert "9,007,199,254,500,991" in text
    assert "?by=bill&amp;currency=JPY&amp;as_of=2026-01-31" in text


def test_where_nothing_is_owed_it_says_so() -> None:
    text = ageing_page(made(), Language("de")).decode()
    assert "Nichts ist offen" in text
    assert "Samstag, 31 Januar 2026" in text
    nothing = figures(balance_owed=0, credit=0, held=0, without_due_date=SumBody(0, 0))
    text = ageing_page(made("total", None, AgedBody(currency="ZAR", figures=nothing)), Language("en")).decode()
    assert "Beside it" not in text


def test_a_bill_says_for_how_long_and_by_which_day() -> None:
    bill = AgedBody(
        currency="ZAR",
        customer_id="bcus_1",
        customer_reference="CUST-1",
        bill_id="bill_1",
        bill_reference="INV-1",
        bill_date=date(2026, 1, 30),
        days=1,
        bucket="1-30",
        amount_remaining=100,
    )
    text = ageing_page(made("bill", body("bill", bill), AgedBody(currency="ZAR", figures=figures())), Language("en"))
    assert b"overdue for 1 day<" in text
    assert b"by the day of the bill" in text
    empty = ageing_page(made("bill", body("bill")), Language("en")).decode()
    assert 'class="empty"' in empty
