"""Control totals: they tie out, follow one another, and say what statements, ageing and journals say; nobody else's."""

import csv
import io
import itertools
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec import structs

from dues.domain.statements.figures import Position
from dues.resources.control_totals.read import in_currency
from dues.resources.control_totals.store import Moved
from dues.resources.statements.read import DoesNotTieOutError
from tests.conftest import Merchant
from tests.resources.journal.books import fetch, minor, read_hledger, summed
from tests.resources.statements.random_histories import SILENT, Figures, History, total_of
from tests.running import Caller

Body = dict[str, Any]


def control(caller: Caller, first: date, last: date) -> dict[str, Body]:
    """By currency. They tie out."""
    answer = caller.http.get("/billing/control_totals", params={"from": str(first), "to": str(last)})
    assert answer.status_code == 200, answer.text
    found = {one["currency"]: one for one in answer.json()["currencies"]}
    for one in found.values():
        for position in (one["opening"], one["closing"]):
            assert position["total"] == total_of(position)
        for lines, name in (("movements", "total"), ("held_movements", "held")):
            assert one["opening"][name] + sum(line["amount"] for line in one[lines]) == one["closing"][name]
            assert all(line["count"] > 0 for line in one[lines])
    return found


def figures(found: Mapping[str, Body], end: str) -> dict[str, Figures]:
    shown = {currency: {name: one[end][name] for name in SILENT} for currency, one in found.items()}
    return {currency: one for currency, one in shown.items() if one != SILENT}


def recounted(history: History) -> dict[str, Figures]:
    """What all customers owe now, from the lists of the API."""
    counted, sums = history.count(), dict[str, Figures]()
    for customer in history.customers:
        for currency, one in counted[customer["id"]].items():
            for name, amount in one.items():
                sums.setdefault(currency, dict(SILENT))[name] += amount
    return {currency: one for currency, one in sums.items() if one != SILENT}


def lines_of_statements(history: History, day: date) -> Counter[tuple[str, str, str]]:
    """How many movements of each kind the statements of all customers have, and what they come to."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for customer in history.customers:
        path = f"/billing/customers/{customer['id']}/statement"
        answer = history.caller.http.get(path, params={"from": str(day), "to": str(day)})
        for one in answer.json()["currencies"]:
            for name in ("movements", "held_movements"):
                for line in one[name]:
                    sums[one["currency"], name, line["cause"]] += line["amount"]
                    sums[one["currency"], name, f"how many {line['cause']}"] += 1
    return sums


def lines_of(found: Mapping[str, Body]) -> Counter[tuple[str, str, str]]:
    sums: Counter[tuple[str, str, str]] = Counter()
    for currency, one in found.items():
        for name in ("movements", "held_movements"):
            for line in one[name]:
                sums[currency, name, line["cause"]] = line["amount"]
                sums[currency, name, f"how many {line['cause']}"] = line["count"]
    return sums


def ageing(caller: Caller, day: date) -> dict[str, tuple[int, int, int, int]]:
    """By currency: open bills, balances owed, credit, held."""
    rows = caller.http.get("/billing/ageing", params={"as_of": str(day)}).json()["data"]
    found = {}
    for row in rows:
        one = row["figures"]
        open_bills = one["open_bills"]["amount_remaining"]
        found[row["currency"]] = (open_bills, one["balance_owed"], one["credit"], one["held"])
    return found


@pytest.mark.parametrize("seed", [3, 11])
def test_a_random_history_comes_to_what_everything_else_says_of_it(alice: Caller, seed: int) -> None:
    history = History(alice, seed)
    days, ends = [], []
    for _ in range(4):
        days.append(history.next_day())
        for _ in range(40):
            history.step()
        ends.append(recounted(history))
    assert len(history.taken) >= 12, history.taken
    before = days[0] - timedelta(days=1)
    found = [control(alice, day, day) for day in days]
    for one, counted, day in zip(found, ends, days, strict=True):
        assert figures(one, "closing") == counted
        assert +lines_of(one) == +lines_of_statements(history, day)
        aged = {
            currency: (f["open_bills"], f["balances_owed"], f["balances_in_credit"] + f["overpaid_bills"], f["held"])
            for currency, f in counted.items()
        }
        assert {currency: sums for currency, sums in ageing(alice, day).items() if any(sums)} == aged
        receivable = summed(read_hledger(fetch(alice, to=str(day))))
        for currency, f in counted.items():
            amounts = [n for (name, cur), n in receivable.items() if "receivable" in name and cur == currency]
            assert sum(amounts) == total_of(f)
    for one, following in itertools.pairwise(found):
        assert figures(one, "closing") == figures(following, "opening")
    whole = control(alice, before, days[-1])
    assert figures(whole, "opening") == {}
    assert figures(whole, "closing") == ends[-1]
    each = lines_of(control(alice, before, before))
    for one in found:
        each.update(lines_of(one))
    assert +lines_of(whole) == +each
    the_table_says_the_same(alice, before, days[-1], whole)


def the_table_says_the_same(caller: Caller, first: date, last: date, whole: Mapping[str, Body]) -> None:
    asked = {"from": str(first), "to": str(last)}
    answer = caller.http.get("/billing/control_totals.csv", params=asked)
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text == caller.http.get("/billing/control_totals", params=asked, headers={"Accept": "text/csv"}).text
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert {row["currency"] for row in rows} == set(whole)
    for currency, one in whole.items():
        begin, *lines, end = [row for row in rows if row["currency"] == currency]
        assert (begin["line"], end["line"]) == ("opening", "closing")
        for column, name in (("owed", "total"), ("held", "held")):
            amounts = [minor(row[column], currency) for row in (begin, *lines) if row[column]]
            assert sum(amounts) == minor(end[column], currency) == one["closing"][name]
        assert len(lines) == len(one["movements"]) + len(one["held_movements"])


def test_what_does_not_tie_out_is_not_sent() -> None:
    moved = [Moved("ZAR", "bill", "made", "", 1, 500), Moved("ZAR", "payment", "hold", "", 1, 70)]
    closing = Position(open_bills=500, held=70)
    assert in_currency("ZAR", (Position(), closing), moved).closing.total == 500
    for wrong in (structs.replace(closing, open_bills=499), structs.replace(closing, held=71)):
        with pytest.raises(DoesNotTieOutError, match="ZAR"):
            in_currency("ZAR", (Position(), wrong), moved)


def test_they_are_nobody_elses(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    assert alice.make_bill(amount_due=700).status_code == 201
    assert alice.get("/billing/control_totals").json()["currencies"][0]["closing"]["total"] == 700
    for other in (mallory, merchant.caller("live")):
        assert other.get("/billing/control_totals").json()["currencies"] == []
        assert other.get("/billing/control_totals.csv").text == "from,to,currency,line,count,owed,held\r\n"
    assert merchant.caller(kind="public").get("/billing/control_totals").status_code == 403
    assert Caller(merchant.base, None).get("/billing/control_totals").status_code == 401


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"from": "2026-02-01", "to": "2026-01-31"}, "before_from"),
        ({"from": "2200-01-01"}, "after_to"),
        ({"to": "yesterday"}, "invalid_date"),
        ({"since": "2026-01-01"}, "unknown_parameter"),
    ],
)
def test_what_makes_no_sense_is_refused(alice: Caller, asked: dict[str, str], code: str) -> None:
    answer = alice.http.get("/billing/control_totals", params=asked)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
    assert alice.get("/billing/control_totals", Accept="text/html").status_code == 406
    assert alice.get("/billing/control_totals.html").status_code == 404
