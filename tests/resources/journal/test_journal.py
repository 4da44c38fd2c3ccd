"""The journal: double entries that come to what dues shows, in each program's form; nobody else's."""

import asyncio
import csv
import io
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from dues.db.database import Database
from dues.domain.journal.movements import MOVEMENTS
from dues.domain.journal.names import DEFAULTS
from dues.domain.journal.transactions import METHODS_MAX, OTHER_METHODS
from dues.http.queries import decode_query
from dues.resources.doing import Call
from dues.resources.exports import sending
from dues.resources.journal import write
from dues.resources.journal.query import JournalQuery
from tests.conftest import Ask, Merchant
from tests.resources.exports.test_one_instant import call_of
from tests.resources.journal.books import balances, fetch, owed, read_csv, read_hledger, summed
from tests.resources.journal.histories import EASY, OPEN, happen
from tests.resources.payments.paying import new_account, new_bill, pay
from tests.running import Caller, new_reference


def test_its_accounts_come_to_what_dues_shows_whatever_happened(
    alice: Caller, mallory: Caller, merchant: Merchant
) -> None:
    happen(alice)
    text = fetch(alice)
    read = read_hledger(text)
    titles = {movement.title for movement in MOVEMENTS.values()}
    assert {title for title in titles for one in read if one.narration.startswith(f"{title} ")} == titles
    expected = owed(alice)
    assert balances(summed(read)) == expected
    assert len(expected) > 10
    assert fetch(alice) == text

    # What is credited is posted by what it is, and reversed likewise.
    sums = summed(read)
    credited = {name: sums[f"{DEFAULTS[name]}", "ZAR"] for name in ("credit_notes", "written_off", "rounding")}
    assert credited == {"credit_notes": 0, "written_off": 70, "rounding": 3}
    assert sums["expenses:not-restored", "ZAR"] == 120 + 250

    # An entry and its number prove where it came from.
    account = alice.everything("/billing/accounts")[0]
    entries = alice.everything(f"/billing/accounts/{account['id']}/entries")
    told = {one.tags["id"]: one.tags for one in read}
    numbers = [int(told[entry["id"]]["number"]) for entry in reversed(entries)]
    assert numbers == [*range(1, len(entries) + 1)]
    assert {one.tags["customer"] for one in read} >= {EASY, 'Zoë: "Z" (客户) =cmd / (x)\\'}
    [charge] = [one for one in read if one.tags.get("reason", "").startswith("January")]
    assert charge.tags["reason"] == 'January "late" (2026-13-45) date:2020-02-30 a / b'

    # Every other form says the same.
    assert balances(summed(read_hledger(fetch(alice, format="ledger")))) == expected
    table = fetch(alice, format="csv")
    posted: Counter[Any] = Counter()
    for name, currency, amount in read_csv(table):
        posted[name, currency] += amount
    assert {key: amount for key, amount in posted.items() if amount} == dict(summed(read))
    assert {row["Customer"] for row in csv.DictReader(io.StringIO(table, newline=""))} >= {EASY}
    _summed_up(alice, dict(summed(read)))
    _nobody_elses(alice, mallory, merchant)


def _summed_up(alice: Caller, expected: dict[tuple[str, str], int]) -> None:
    """A day's summary comes to the same, without customers."""
    merged: Counter[tuple[str, str]] = Counter()
    for (name, currency), amount in expected.items():
        kept = name if name.startswith("assets:clearing") else ":".join(name.split(":")[:2])
        merged[kept, currency] += amount
    read = read_hledger(fetch(alice, summary="true"))
    assert {key: amount for key, amount in merged.items() if amount} == dict(summed(read))
    assert len({(one.day, one.narration) for one in read}) == len(read)
    assert {"Payments by eft (ZAR)", "Payments by EFT (JPY)", "Bills, credits and balances (ZAR)"} <= {
        one.narration for one in read
    }
    table = fetch(alice, summary="true", format="csv", **{"accounts[receivable]": "1200"})
    assert table.splitlines()[0] == "Date,Narration,Account,Debit,Credit,Currency"
    assert "1200" in {name for name, *_ in read_csv(table)}


def _nobody_elses(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    assert read_hledger(fetch(mallory)) == []
    assert read_hledger(fetch(merchant.caller("live"))) == []
    assert merchant.caller(kind="public").get("/billing/journal").status_code == 403
    assert Caller(merchant.base, None).get("/billing/journal").status_code == 401


def test_days_are_the_merchants_and_follow_one_another(alice: Caller) -> None:
    today = datetime.now(UTC).date()
    for number in range(3):
        then = datetime.combine(today + timedelta(days=number + 1), datetime.min.time(), UTC)
        assert alice.post("/billing/test_clock/advance", {"to": then.isoformat()}).status_code == 200
        due = new_bill(alice, amount_due=1_000 + number)
        pay(alice, bill=due["id"], amount=100, method="eft")
    days = [str(today + timedelta(days=number + 1)) for number in range(3)]
    each = [read_hledger(fetch(alice, from_=day, to=day)) for day in days]
    assert [{one.day for one in read} for read in each] == [{day} for day in days]
    assert (
        [one for read in each for one in read]
        == read_hledger(fetch(alice))
        == read_hledger(fetch(alice, from_=days[0], to=days[2]))
    )
    assert read_hledger(fetch(alice, to=str(today))) == []
    daily = read_hledger(fetch(alice, summary="true"))
    assert [one.day for one in daily] == [day for day in days for _ in range(2)]
    answer = alice.http.get("/billing/journal", params={"from": days[0], "to": days[1], "format": "beancount"})
    assert answer.headers["content-disposition"] == f'attachment; filename="journal-{days[0]}-{days[1]}.beancount"'
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert fetch(alice, format="csv").startswith("Date,Narration,")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"from": "2026-02-01", "to": "2026-01-31"}, "before_from"),
        ({"from": "2200-01-01"}, "after_to"),
        ({"format": "xero"}, "unknown_format"),
        ({"accounts[receivables]": "1200"}, "unknown_account"),
        ({"accounts[receivable]": "a  b"}, "malformed_account"),
        ({"accounts[receivable]": "(a)"}, "malformed_account"),
        ({"accounts[receivable]": "=cmd"}, "malformed_account"),
        ({"accounts[receivable]": "1200", "format": "beancount"}, "malformed_account"),
        ({"accounts[receivable]": "assets:客", "format": "beancount"}, "malformed_account"),
        ({"since": "2026-01-01"}, "unknown_parameter"),
    ],
)
def test_what_makes_no_sense_is_refused(alice: Caller, asked: dict[str, str], code: str) -> None:
    answer = alice.http.get("/billing/journal", params=asked)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


def test_a_summary_tells_so_many_methods_apart_and_no_more(
    alice: Caller, monkeypatch: pytest.MonkeyPatch, merchant: Merchant, ask: Ask[Any]
) -> None:
    assert METHODS_MAX > 100
    monkeypatch.setattr("dues.domain.journal.transactions.METHODS_MAX", 2)
    account = new_account(
        alice,
        0,
        payment_rules=OPEN,
    )
    for number in range(6):
        assert pay(alice, account=account["id"], amount=100, method=f"m{number}").status_code == 201
    read = read_hledger(asyncio_read(ask, merchant, b"summary=true"))
    assert [one.narration for one in read] == [f"Payments by {method} (ZAR)" for method in ("m0", "m1", OTHER_METHODS)]
    assert summed(read)["assets:clearing:other", "ZAR"] == 400


def asyncio_read(ask: Ask[Any], merchant: Merchant, query: bytes) -> str:
    """A journal, made here."""

    async def read(database: Database) -> str:
        document = await write.read_journal(await _call(database, merchant, query))
        return b"".join([part async for part in document.parts]).decode()

    return str(ask(read))


async def _call(database: Database, merchant: Merchant, query: bytes) -> Call:
    return structs.replace(await call_of(database, merchant), query=decode_query(query, JournalQuery))


def test_a_payment_made_meanwhile_is_in_it_whole_or_not_at_all(
    alice: Caller, merchant: Merchant, ask: Ask[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PART_LENGTH", 1)
    account = new_account(alice, 0)
    bills = [alice.make_bill(account=account["id"], amount_due=100).json() for _ in range(8)]
    parts = [{"bill": bill["id"], "amount": 100} for bill in bills]
    paid = {"account": account["id"], "external_reference": new_reference("P"), "amount": 800, "currency": "ZAR"}

    async def journal(database: Database) -> str:
        document = await write.read_journal(await _call(database, merchant, b""))
        pieces: AsyncIterator[bytes] = document.parts
        got = [await anext(pieces)]
        answer = await asyncio.to_thread(alice.post, "/billing/payments", paid | {"parts": parts})
        assert answer.status_code == 201, answer.text
        return b"".join([*got, *[piece async for piece in pieces]]).decode()

    before = read_hledger(ask(journal))
    assert [one.narration.split()[0] for one in before] == ["Bill"] * 8
    after = read_hledger(fetch(alice))
    assert after[:8] == before
    assert len(after) == 16
