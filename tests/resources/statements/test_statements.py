"""Statements: they tie out, follow one another without a gap, and say what a naive recount says; nobody else's."""

import csv
import io
import itertools
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from dues.domain.journal.movements import MOVEMENTS
from dues.domain.statements.causes import CAUSES
from tests.conftest import Merchant
from tests.resources.journal.books import minor
from tests.resources.journal.histories import EASY, HARD, happen
from tests.resources.payments.holding import credit
from tests.resources.payments.paying import new_account, new_bill, pay
from tests.resources.statements.random_histories import SILENT, Figures, History, total_of
from tests.running import Caller

Body = dict[str, Any]


def statement(caller: Caller, path: str, **asked: str) -> Body:
    """A statement as JSON, which ties out."""
    answer = caller.http.get(f"{path}/statement", params={name.rstrip("_"): text for name, text in asked.items()})
    assert answer.status_code == 200, answer.text
    body: Body = answer.json()
    for one in body["currencies"]:
        ties_out(one)
    return body


def ties_out(one: Body) -> None:
    for position in (one["opening"], one["closing"]):
        assert position["total"] == total_of(position)
        assert all(position[name] >= 0 for name in SILENT)
    for movements, begin, end in (
        (one["movements"], one["opening"]["total"], one["closing"]["total"]),
        (one["held_movements"], one["opening"]["held"], one["closing"]["held"]),
    ):
        running = begin
        for movement in movements:
            running += movement["amount"]
            assert movement["balance"] == running
            assert movement["amount"] != 0
        assert running == end
        times = [movement["recorded_at"] for movement in movements]
        assert times == sorted(times)
    assert one["opening"]["total"] + one["charged"] - one["credited"] == one["closing"]["total"]
    assert sum(age["amount"] for age in one["ages"]) == one["closing"]["open_bills"]
    assert sum(age["count"] for age in one["ages"]) == one["open_bills_count"]
    if one["open_bills_count"] == len(one["open_bills"]):
        assert sum(bill["amount_remaining"] for bill in one["open_bills"]) == one["closing"]["open_bills"]


def figures(body: Body, end: str) -> dict[str, Figures]:
    """What is not nothing, by currency."""
    found = {one["currency"]: {name: one[end][name] for name in SILENT} for one in body["currencies"]}
    return {currency: figures for currency, figures in found.items() if figures != SILENT}


def not_nothing(found: Mapping[str, Figures]) -> dict[str, Figures]:
    return {currency: dict(figures) for currency, figures in found.items() if figures != SILENT}


@pytest.mark.parametrize("seed", [1, 20])
def test_a_random_history_is_told_as_a_naive_recount_tells_it(alice: Caller, seed: int) -> None:
    history = History(alice, seed)
    days, ends = [], []
    for _ in range(5):
        days.append(history.next_day())
        for _ in range(40):
            history.step()
        ends.append(history.count())
    assert len(history.taken) >= 12, history.taken
    before = days[0] - timedelta(days=1)
    for noun, owner in history.owners:
        path = f"/billing/{noun}s/{owner['id']}"
        bodies = [statement(alice, path, from_=str(day), to=str(day)) for day in days]
        for body, counted in zip(bodies, ends, strict=True):
            assert figures(body, "closing") == not_nothing(counted[owner["id"]])
        for one, following in itertools.pairwise(bodies):
            assert figures(one, "closing") == figures(following, "opening")
        whole = statement(alice, path, from_=str(before), to=str(days[-1]))
        assert figures(whole, "opening") == {}
        assert figures(whole, "closing") == not_nothing(ends[-1][owner["id"]])
        for name in ("movements", "held_movements"):
            first = statement(alice, path, from_=str(before), to=str(before))
            each = [line for body in (first, *bodies) for one in body["currencies"] for line in one[name]]
            together = [line["id"] for one in whole["currencies"] for line in one[name]]
            assert sorted(line["id"] for line in each) == sorted(together)
        table_says_the_same(alice, path, whole, {"from": str(before), "to": str(days[-1])})


def table_says_the_same(caller: Caller, path: str, body: Body, asked: dict[str, str]) -> None:
    answer = caller.http.get(f"{path}/statement", params=asked, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    for one in body["currencies"]:
        own = [row for row in rows if row["currency"] == one["currency"]]
        if not own:
            assert one["movements"] == one["held_movements"] == []
            continue
        first, *lines, last = own
        for row, cause, position in ((first, "opening", one["opening"]), (last, "closing", one["closing"])):
            assert row["cause"] == cause
            assert minor(row["balance"], one["currency"]) == position["total"]
            assert minor(row["held"], one["currency"]) == position["held"]
        told = {(line["id"], line["cause"]): line for line in (*one["movements"], *one["held_movements"])}
        assert len(told) == len(lines)
        for row in lines:
            line = told[row["id"], row["cause"]]
            assert minor(row["amount"] or row["held_amount"], one["currency"]) == line["amount"]
            assert row["date"] == line["date"]


def test_each_movement_has_a_word(alice: Caller) -> None:
    assert {key for key in MOVEMENTS if key[1] != "not_restored"} <= set(CAUSES)
    happen(alice)
    found = set()
    for reference in (EASY, "meter-7"):
        body = statement(alice, f"/billing/customers/{reference}")
        for one in body["currencies"]:
            found |= {line["cause"] for line in (*one["movements"], *one["held_movements"])}
    assert found == set(CAUSES.values())
    path = f"/billing/customers/{alice.everything('/billing/customers', external_reference=HARD)[0]['id']}"
    assert {one["currency"] for one in statement(alice, path)["currencies"]} == {"BHD", "JPY", "ZAR"}


def test_it_says_what_is_open_how_old_that_is_and_what_is_in_credit(alice: Caller) -> None:
    account = new_account(alice, -250)
    path = f"/billing/accounts/{account['id']}"
    today = date.fromisoformat(alice.get("/billing/test_clock").json()["now"][:10])
    for days in (0, 1, 30, 31, 121):
        day = str(today - timedelta(days=days))
        new_bill(alice, account=account["id"], customer=..., amount_due=1_000, bill_date=day, due_date=day)
    old = new_bill(
        alice, account=account["id"], customer=..., amount_due=500, bill_date=str(today - timedelta(days=70))
    )
    assert pay(alice, bill=old["id"], amount=500).status_code == 201
    credit(alice, old, 200, kind="credit_note")
    undated = new_bill(
        alice, account=account["id"], customer=..., amount_due=70, bill_date=str(today - timedelta(days=95))
    )
    [one] = statement(alice, path)["currencies"]
    assert [age["amount"] for age in one["ages"]] == [1_000, 2_000, 1_000, 0, 70, 1_000]
    assert one["ages"][0] == {"to_days": 0, "count": 1, "amount": 1_000}
    assert one["ages"][5] == {"from_days": 121, "count": 1, "amount": 1_000}
    [shown] = [bill for bill in one["open_bills"] if bill["id"] == undated["id"]]
    assert (shown["age"], shown["days_overdue"]) == ("bill_date", 95)
    closing = one["closing"]
    # What a credit set free is held, and not netted; nor is the balance in credit.
    assert (closing["balances_in_credit"], closing["open_bills"], closing["held"]) == (250, 5_070, 200)
    assert closing["total"] == 5_070 - 250
    [customer] = statement(alice, f"/billing/customers/{account['customer_id']}")["currencies"]
    assert customer["closing"] == closing


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"from": "2026-02-01", "to": "2026-01-31"}, "before_from"),
        ({"from": "2200-01-01"}, "after_to"),
        ({"lang": "xx"}, "unknown_lang"),
        ({"since": "2026-01-01"}, "unknown_parameter"),
    ],
)
def test_what_makes_no_sense_is_refused(alice: Caller, asked: dict[str, str], code: str) -> None:
    customer = alice.register_customer().json()
    answer = alice.http.get(f"/billing/customers/{customer['id']}/statement", params=asked)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


def test_it_is_nobody_elses(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    customer = alice.register_customer().json()
    for suffix in ("", ".csv", ".html", ".pdf"):
        path = f"/billing/customers/{customer['id']}/statement{suffix}"
        assert alice.get(path).status_code == 200
        for other in (mallory, merchant.caller("live")):
            assert (other.get(path).status_code, other.get(path).json()["code"]) == (404, "customer_not_found")
        assert merchant.caller(kind="public").get(path).status_code == 403
        assert Caller(merchant.base, None).get(path).status_code == 401
    assert alice.get("/billing/accounts/nobody/statement").json()["code"] == "account_not_found"
    answer = alice.get(f"/billing/customers/{customer['id']}/statement", Accept="image/png")
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
