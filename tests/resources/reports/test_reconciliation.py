"""The reconciliation report: what came in and went out on a day, as the journal has it too; nobody else's."""

import csv
import io
from collections import Counter
from datetime import UTC, datetime, timedelta

from dues.resources.reports.write import COLUMNS, HEAD
from tests.conftest import Merchant
from tests.resources.journal.books import fetch, minor, read_hledger, summed
from tests.resources.journal.histories import EASY, happen
from tests.running import Caller

PATH = "/billing/reports/reconciliation"


def report(caller: Caller, day: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The head of a day's file, and its rows."""
    answer = caller.http.get(PATH, params={"date": day} if day else {})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert (tuple(rows[0]), tuple(rows[2])) == (HEAD, COLUMNS)
    return dict(zip(HEAD, rows[1], strict=True)), [dict(zip(COLUMNS, row, strict=True)) for row in rows[3:]]


def test_a_day_comes_to_what_the_journal_has_in_clearing(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    happen(alice)
    today = datetime.now(UTC).date()
    head, rows = report(alice, str(today))
    assert (head["merchant"], head["from"]) == (merchant.id, f"{today}T00:00:00+00:00")
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        method, currency = row["payment_method"] or "unspecified", row["presentment_currency"]
        found[method, currency] += minor(row["amount"], currency)
    posted = {
        (account.removeprefix("assets:clearing:"), currency): amount
        for (account, currency), amount in summed(read_hledger(fetch(alice))).items()
        if account.startswith("assets:clearing:")
    }
    # A method with a colon is a part of a name, and so is changed there.
    assert sorted(amount for amount in found.values() if amount) == sorted(posted.values())
    assert {key: amount for key, amount in found.items() if amount}.items() >= {
        key: amount for key, amount in posted.items() if key[0] in ("eft", "EFT", "unspecified")
    }.items()

    payments = alice.everything("/billing/payments")
    types = Counter(row["transaction_type"] for row in rows)
    reversed_ones = [one for one in payments if one["status"] == "reversed"]
    assert types == {"Payment": len(payments), "Reversal": len(reversed_ones), "Refund": 1}
    assert [row["transaction_timestamp"] for row in rows] == sorted(row["transaction_timestamp"] for row in rows)
    [refund] = [row for row in rows if row["transaction_type"] == "Refund"]
    assert (refund["amount"], refund["status"], refund["customer_reference"]) == ("-1.20", "reversed", EASY)
    assert (refund["applied_to"], refund["amount_applied"]) == ("", "0.00")
    over = next(row for row in rows if row["payment_method"].startswith("card"))
    bill = next(one for one in alice.everything("/billing/bills") if one["amount_due"] == 100)
    assert (over["applied_to"], over["amount_applied"], over["amount"]) == (bill["external_reference"], "0.90", "0.90")
    assert (over["country"], over["amount_unapplied"]) == ("ZA", "0.00")

    assert report(alice, "")[1] == report(alice, str(today + timedelta(days=1)))[1] == []
    assert report(mallory, str(today))[1] == report(merchant.caller("live"), str(today))[1] == []
    assert merchant.caller(kind="public").get(PATH).status_code == 403
    assert Caller(merchant.base, None).get(PATH).status_code == 401
    assert alice.get(f"{PATH}?date=20-01-2026").status_code == 400
