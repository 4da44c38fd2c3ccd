"""What journals say, read by a program of our own, and what they must say, by the lists of the API."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dues.domain.currencies import EXPONENTS
from dues.domain.journal.names import Chart, Format
from tests.running import Caller

Sums = Counter[tuple[str, str]]
"""By account and currency, in minor units."""


@dataclass(frozen=True)
class Read:
    """A transaction of a journal."""

    day: str
    narration: str
    tags: dict[str, str]
    postings: list[tuple[str, str, int]]


def fetch(caller: Caller, **asked: str) -> str:
    """GET /billing/journal."""
    answer = caller.http.get("/billing/journal", params={name.rstrip("_"): text for name, text in asked.items()})
    assert answer.status_code == 200, answer.text
    return answer.text


def minor(amount: str, currency: str) -> int:
    """An amount as it is written, with all decimals that its currency has, in minor units."""
    exponent = EXPONENTS[currency]
    assert re.fullmatch(rf"-?\d+\.\d{{{exponent}}}" if exponent else r"-?\d+", amount), (amount, currency)
    return int(Decimal(amount).scaleb(exponent))


def read_hledger(text: str) -> list[Read]:
    """The transactions of a journal for hledger or ledger. Each comes to nothing, in one currency."""
    found = []
    for block in text.split("\n\n"):
        lines = [line for line in block.strip("\n").split("\n") if not line.startswith((";", "decimal-mark"))]
        if not lines or not lines[0] or lines[0].startswith("commodity "):
            assert len(lines) <= 1
            continue
        day, _, narration = lines[0].partition(" ")
        tags, postings = {}, []
        for line in lines[1:]:
            assert line.startswith("    ")
            if told := re.fullmatch(r"    ; (\w+): (.*)", line):
                tags[told[1]] = told[2]
                continue
            posting = re.fullmatch(r"    (\S(?:\S| (?! ))*)  (\S+) ([A-Z]{3})", line)
            assert posting, line
            postings.append((posting[1], posting[3], minor(posting[2], posting[3])))
        assert sum(amount for *_, amount in postings) == 0, block
        assert len({currency for _, currency, _ in postings}) == 1, block
        found.append(Read(day, narration, tags, postings))
    return found


def read_csv(text: str) -> list[tuple[str, str, int]]:
    """The postings of a table."""
    return [
        (row["Account"], row["Currency"], minor(row["Debit"] or f"-{row['Credit']}", row["Currency"]))
        for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def summed(read: list[Read]) -> Sums:
    """What each account comes to; those that come to nothing are not there."""
    sums: Sums = Counter()
    for one in read:
        for account, currency, amount in one.postings:
            sums[account, currency] += amount
    return Counter({key: amount for key, amount in sums.items() if amount})


def owed(caller: Caller, form: Format = "hledger") -> Sums:
    """What receivables, held money and clearing must come to: by what dues shows of everything, as it is now."""
    chart, sums = Chart(form, {}), Counter[tuple[str, str]]()
    customers = {one["id"]: one["external_reference"] for one in caller.everything("/billing/customers")}

    def post(account: Any, of: str, one: dict[str, Any], amount: int) -> None:
        sums[chart.name(account, of), one["currency"]] += amount

    for kind, owner in (("customers", "id"), ("accounts", "customer_id")):
        for one in caller.everything(f"/billing/{kind}"):
            if "balance" in one:
                post("receivable", customers[one[owner]], one, one["balance"])
    for bill in caller.everything("/billing/bills"):
        if bill["status"] != "voided":
            settled = bill["amount_paid"] + bill.get("amount_credited", 0)
            post("receivable", customers[bill["customer_id"]], bill, bill["amount_due"] - settled)
    for payment in caller.everything("/billing/payments"):
        taken = payment["amount"] if payment["status"] == "applied" else 0
        refunded = payment.get("amount_refunded", 0)
        post("clearing", payment.get("method", "unspecified"), payment, taken - refunded)
        post("held", customers[payment["customer_id"]], payment, -payment.get("amount_unapplied", 0))
    return Counter({key: amount for key, amount in sums.items() if amount})


def balances(sums: Sums) -> Sums:
    """Of all sums, those that dues itself shows."""
    shown = re.compile(r"(assets:receivable|assets:clearing|liabilities:held):", re.IGNORECASE)
    return Counter({key: amount for key, amount in sums.items() if shown.match(key[0])})
