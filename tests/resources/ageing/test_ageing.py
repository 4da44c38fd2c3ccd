"""Ageing: what is owed, by how long it has been due; of any day the same as somebody counted on that day."""

import csv
import io
import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Merchant
from tests.resources.ageing.recount import History, Sums, recount, told
from tests.resources.journal.histories import happen
from tests.resources.payments.holding import refund
from tests.resources.payments.paying import new_bill, pay
from tests.running import Caller

SEEDS = 12 if "DUES_TEST_SOAK" in os.environ else 1
"""Histories; each takes some seconds."""

DAYS = 5
STEPS = 9


def ageing(caller: Caller, **asked: Any) -> dict[str, Any]:
    """GET /billing/ageing."""
    answer = caller.http.get("/billing/ageing", params=asked)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def every_page(caller: Caller, **asked: Any) -> list[dict[str, Any]]:
    """All rows, three at a time."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        body = ageing(caller, limit=3, **asked, **cursor)
        rows += body["data"]
        if not body["has_more"]:
            return rows
        cursor = {"cursor": body["next_cursor"]}


def table(caller: Caller, **asked: Any) -> list[dict[str, str]]:
    """The same whole, as CSV."""
    answer = caller.http.get("/billing/ageing", params=asked, headers={"Accept": "text/csv"})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def advance(caller: Caller, day: date) -> None:
    """The test clock goes to that day's noon."""
    to = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12)
    assert caller.post("/billing/test_clock/advance", {"to": to.isoformat()}).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_of_any_day_it_says_what_was_counted_on_that_day(alice: Caller, seed: int) -> None:
    history = History(alice, seed)
    day = datetime.now(UTC).date()
    counted: dict[date, dict[tuple[str, str], Sums]] = {}
    held: dict[str, Any] = {}
    for number in range(DAYS):
        day += timedelta(days=(1, 2, 20, 31, 64)[number])
        advance(alice, day)
        for _ in range(STEPS):
            history.step(day)
        if number == 2:
            happen(alice)
        bill = new_bill(alice, amount_due=100)
        if held:
            assert refund(alice, held, 60).status_code == 201  # all that was held of it on an earlier day
        held = pay(alice, bill=bill["id"], amount=160, rest="hold").json()
        assert held["amount_unapplied"] == 60
        counted[day] = recount(alice, day)
        _agrees(alice, counted[day])
    for then, expected in counted.items():
        _agrees(alice, expected, as_of=str(then))
    names = {name for one in counted.values() for sums in one.values() for name in sums}
    assert names >= {"not_due", "121+", "balance_owed", "credit", "held", "without_due_date"}


def _agrees(caller: Caller, expected: dict[tuple[str, str], Sums], **asked: str) -> None:
    """In all, by customer and by bill, in pages and whole, in both orders."""
    totals = {("", row["currency"]): told(row) for row in ageing(caller, **asked)["data"]}
    assert totals == {key: sums for key, sums in expected.items() if not key[0]}
    for currency in {currency for _, currency in expected}:
        of_customers = {key: sums for key, sums in expected.items() if key[0] and key[1] == currency}
        seen = []
        for order in ("-amount", "due_date"):
            rows = every_page(caller, by="customer", currency=currency, order=order, **asked)
            assert {(row["customer_id"], currency): told(row) for row in rows} == of_customers
            assert len(rows) == len(of_customers)
            seen.append(rows)
        owed = [row["figures"]["open_bills"]["amount_remaining"] + row["figures"]["balance_owed"] for row in seen[0]]
        assert owed == sorted(owed, reverse=True)
        oldest = [row.get("oldest_due_date", "9999") for row in seen[1]]
        assert oldest == sorted(oldest)
        whole = table(caller, by="customer", currency=currency, **asked)
        assert [row["customer_id"] for row in whole] == [row["customer_id"] for row in seen[0]]
        bills = every_page(caller, by="bill", currency=currency, **asked)
        in_all = expected["", currency]
        assert sum(row["amount_remaining"] for row in bills) == sum(
            amount for name, (_, amount) in in_all.items() if name == "not_due" or name[0].isdigit()
        )
        dates = [(row.get("due_date") or row["bill_date"]) for row in bills]
        assert dates == sorted(dates)
        for row in bills:
            assert in_all[row["bucket"]][0] == sum(other["bucket"] == row["bucket"] for other in bills)
        amounts = [
            row["amount_remaining"]
            for row in every_page(caller, by="bill", order="-amount", currency=currency, **asked)
        ]
        assert sorted(amounts, reverse=True) == amounts
        assert len(table(caller, by="bill", currency=currency, **asked)) == len(amounts) == len(bills)


def test_buckets_end_where_it_is_said(alice: Caller) -> None:
    today = datetime.now(UTC).date()
    for days in (-1, 0, 1, 30, 31, 7_000):
        due = today - timedelta(days=days)
        new_bill(alice, amount_due=100, due_date=str(due), bill_date=str(min(due, today)))
    [row] = ageing(alice)["data"]
    assert [one["count"] for one in row["figures"]["ages"]] == [2, 2, 1, 0, 0, 1]
    [row] = ageing(alice, buckets="1,29,30")["data"]
    ages = row["figures"]["ages"]
    assert [(one["bucket"], one["count"]) for one in ages] == [
        ("not_due", 2),
        ("1-1", 1),
        ("2-29", 0),
        ("30-30", 1),
        ("31+", 2),
    ]
    assert [row["days"] for row in ageing(alice, by="bill")["data"]] == [7_000, 31, 30, 1, 0, -1]


def test_a_day_is_the_merchants_and_it_ends_there(alice: Caller) -> None:
    first = datetime.now(UTC).date() + timedelta(days=1)
    advance(alice, first)
    bill = new_bill(alice, amount_due=100)
    advance(alice, first + timedelta(days=1))
    pay(alice, bill=bill["id"], amount=100)
    assert ageing(alice)["data"] == []
    assert ageing(alice, as_of=str(first - timedelta(days=1)))["data"] == []
    [row] = ageing(alice, as_of=str(first))["data"]
    assert row["figures"]["open_bills"] == {"count": 1, "amount_remaining": 100}
    assert ageing(alice, by="customer", as_of=str(first - timedelta(days=1)))["data"] == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"as_of": "2200-01-01"}, "in_future"),
        ({"as_of": "yesterday"}, "invalid_date"),
        ({"buckets": "30,30"}, "malformed_buckets"),
        ({"buckets": "0,30"}, "malformed_buckets"),
        ({"buckets": ",".join(str(n) for n in range(1, 15))}, "malformed_buckets"),
        ({"order": "due_date"}, "not_together"),
        ({"by": "account"}, "unknown_by"),
        ({"by": "customer", "currency": "ZAR", "cursor": "bm8gY3Vyc29yIG9mIG91cnM"}, "invalid_cursor"),
        ({"by": "customer"}, "required"),
    ],
)
def test_what_makes_no_sense_is_refused(alice: Caller, asked: dict[str, str], code: str) -> None:
    if code == "required":
        for currency in ("ZAR", "USD"):
            new_bill(alice, currency=currency)
    answer = alice.http.get("/billing/ageing", params=asked)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


def test_it_is_nobody_elses(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    new_bill(alice)
    for other in (mallory, merchant.caller("live")):
        assert ageing(other)["data"] == []
        assert ageing(other, by="customer")["data"] == ageing(other, by="bill")["data"] == []
        assert ageing(other, as_of="2026-01-01")["data"] == []
        assert table(other, by="customer") == []
    assert merchant.caller(kind="public").get("/billing/ageing").status_code == 403
    assert Caller(merchant.base, None).get("/billing/ageing").status_code == 401


def test_a_table_has_amounts_as_people_write_them_and_no_formula(alice: Caller) -> None:
    customer = alice.register_customer(external_reference="=cmd()", name="+Zoë, 客").json()
    new_bill(alice, customer=customer["id"], amount_due=150_050, due_date="2025-01-31", bill_date="2025-01-01")
    [row] = table(alice, by="customer")
    assert (row["customer"], row["customer_name"], row["121+"]) == ("'=cmd()", "'+Zoë, 客", "1500.50")
    assert (row["not_due"], row["net_amount"], row["oldest_due_date"]) == ("0.00", "1500.50", "2025-01-31")
    [row] = table(alice)
    assert (row["currency"], row["overdue"], row["credit"]) == ("ZAR", "1500.50", "0.00")
    [row] = table(alice, by="bill")
    assert (row["due_date"], row["bucket"], row["amount_remaining"]) == ("2025-01-31", "121+", "1500.50")
    answer = alice.http.get("/billing/ageing.csv", params={"limit": 5})
    assert answer.json()["errors"][0]["code"] == "not_together"


def test_it_is_to_be_had_as_a_page_in_the_language_that_is_asked_for(alice: Caller) -> None:
    customer = alice.register_customer(name="<b>Zoë</b>").json()
    for number in range(2):
        new_bill(alice, customer=customer["id"], amount_due=100 + number)
    for path, headers in (
        ("/billing/ageing?by=bill&limit=1", {"Accept": "text/html,*/*;q=0.8", "Accept-Language": "de-AT"}),
        ("/billing/ageing.html?by=bill&limit=1&lang=de", {}),
    ):
        answer = alice.http.get(path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'none'; style-src 'sha256-" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert '<html lang="de"' in answer.text
        assert "&lt;b&gt;Zoë" in answer.text
        assert 'rel="next"' in answer.text
    answer = alice.http.get("/billing/ageing", params={"by": "bill", "limit": 1})
    assert answer.headers["next-cursor"] == answer.json()["next_cursor"]
    assert "by=bill" in answer.headers["link"]
    assert alice.http.get("/billing/ageing", headers={"Accept": "application/pdf"}).status_code == 406
    assert alice.http.get("/billing/ageing.pdf").status_code == 404
