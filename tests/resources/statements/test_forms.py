"""A statement in the form that is asked for, by whom and of which days."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from dues.http.presenting import made
from dues.http.problems import ProblemError
from dues.pages.paper import NotInstalledError, TooLongError
from tests.resources.payments.paying import new_bill, pay
from tests.resources.test_the_merchants_day import Move, move, wait_until
from tests.running import Caller

__all__ = ["move"]


def test_it_comes_in_the_form_that_is_asked_for(alice: Caller) -> None:
    bill = new_bill(alice, customer={"external_reference": "METER-9", "name": "<Zoë>"}, amount_due=123_456)
    pay(alice, bill=bill["id"], amount=100_000, method="eft")
    path = "/billing/customers/METER-9/statement"
    for suffix, accept, content_type in (
        ("", "", "application/json"),
        ("", "application/json", "application/json"),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        (".html", "*/*", "text/html; charset=utf-8"),
        ("", "text/csv", "text/csv; charset=utf-8"),
        (".csv", "application/json", "text/csv; charset=utf-8"),
    ):
        answer = alice.get(path + suffix, Accept=accept)
        assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
        assert answer.headers["cache-control"] == "no-store"
    page = alice.get(f"{path}.html", Accept_Language="de-DE,en;q=0.5")
    assert '<html lang="de" dir="ltr">' in page.text
    assert "1.234,56" in page.text
    assert "&lt;Zoë&gt;" in page.text
    assert alice.get(f"{path}.html?lang=ar", Accept_Language="de").text.count('lang="ar" dir="rtl"') == 1
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    # Whoever keeps it as a file and sends it on has all of it.
    assert "<style>" in page.text
    assert "<link" not in page.text


def test_a_document_is_the_same_whenever_it_is_asked_for(alice: Caller) -> None:
    pytest.importorskip("typst", reason="needs dues[pdf]")
    bill = new_bill(alice)
    path = f"/billing/customers/{bill['customer_id']}/statement"
    first, again = (alice.get(f"{path}.pdf") for _ in range(2))
    assert first.headers["content-type"] == "application/pdf"
    assert first.headers["content-disposition"].startswith('inline; filename="statement-20')
    assert first.content == again.content
    assert first.content.startswith(b"%PDF")
    assert alice.get(path, Accept="application/pdf").content == first.content


def test_what_cannot_be_shown_is_a_problem() -> None:
    for error, code in ((TooLongError("long"), "statement_too_long"), (NotInstalledError("how"), "pdf_not_installed")):

        async def fail(error: Exception = error) -> bytes:
            raise error

        with pytest.raises(ProblemError) as raised:
            asyncio.run(made(fail()))
        assert (raised.value.code, raised.value.detail) == (code, str(error))


def test_days_are_the_merchants(alice: Caller, move: Move) -> None:
    move("Pacific/Tarawa")  # twelve hours east of UTC, all year
    first = datetime.now(UTC).date() + timedelta(days=1)
    evening = datetime(first.year, first.month, first.day, 11, 59, 58, tzinfo=UTC)
    wait_until(alice, evening)
    bill = new_bill(alice, amount_due=1_000)
    wait_until(alice, evening + timedelta(seconds=2))
    pay(alice, bill=bill["id"], amount=400)
    path = f"/billing/customers/{bill['customer_id']}/statement"
    following = first + timedelta(days=1)
    for day, cause, totals in ((first, "bill_made", (0, 1_000)), (following, "payment", (1_000, 600))):
        body = alice.get(f"{path}?from={day}&to={day}").json()
        [one] = body["currencies"]
        assert [(line["cause"], line["date"]) for line in one["movements"]] == [(cause, str(day))]
        assert (one["opening"]["total"], one["closing"]["total"]) == totals
    assert alice.get(path).json()["to"] == str(following)
    assert alice.get(path).json()["from"] == str(following.replace(day=1))
