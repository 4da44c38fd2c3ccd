"""Transactions: a movement as two postings, and those of a day as few."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec import Struct

from dues.domain.journal.movements import ACCOUNTS, MOVEMENTS, Account, Moved

NO_METHOD: Final = "unspecified"
"""How what is paid in no way that was said was paid."""

OTHER_METHODS: Final = "other"

METHODS_MAX: Final = 1_000
"""So many ways of paying, by currency, are told apart in a day's summary: they are whatever text collectors send."""


class Posting(Struct, frozen=True):
    """An amount of an account: a debit, or below nothing a credit. `of` is whose the account is, a customer's reference
    or a method; None: everybody's."""

    account: Account
    of: str | None
    amount: int


class Transaction(Struct, frozen=True):
    """Postings of one day that come to nothing, in minor units of `currency`."""

    day: date
    narration: str
    currency: str
    postings: Sequence[Posting]
    tags: Mapping[str, str | int]


def transaction_of(moved: Moved, day: date) -> Transaction:
    """The transaction of a movement, on the day that it belongs to."""
    movement = MOVEMENTS[moved.key]
    postings = [Posting(account, _of(account, moved), amount) for account, amount in _postings(moved)]
    return Transaction(day, f"{movement.title} {moved.reference}", moved.currency, postings, _tags(moved))


def _postings(moved: Moved) -> tuple[tuple[Account, int], tuple[Account, int]]:
    movement = MOVEMENTS[moved.key]
    amount = -moved.amount if movement.falls else moved.amount
    if amount < 0:
        return (movement.credit, -amount), (movement.debit, amount)
    return (movement.debit, amount), (movement.credit, -amount)


def _of(account: Account, moved: Moved) -> str | None:
    if account in ("receivable", "held"):
        return moved.customer
    return moved.method or NO_METHOD if account == "clearing" else None


def _tags(moved: Moved) -> dict[str, str | int]:
    tags: dict[str, str | int] = {"id": moved.id}
    if moved.number:
        tags["number"] = moved.number
    tags["customer"] = moved.customer
    for name in ("payment", "method", "reason"):
        if value := getattr(moved, name):
            tags[name] = value
    if moved.told:
        tags["paid_at" if moved.payment else "bill_date"] = moved.told
    return tags


class Summary:
    """What happens in a day: a transaction for each method and currency, and one of what was paid in none."""

    def __init__(self, day: date) -> None:
        self._day = day
        self._sums: dict[tuple[str, str], dict[tuple[Account, str | None], int]] = {}
        self._counts: dict[tuple[str, str], int] = {}

    def add(self, moved: Moved) -> None:
        """Adds a movement of that day."""
        method = (moved.method or NO_METHOD) if moved.payment else ""
        if (method, moved.currency) not in self._sums and len(self._sums) >= METHODS_MAX:
            method = OTHER_METHODS
        sums = self._sums.setdefault((method, moved.currency), {})
        for account, amount in _postings(moved):
            posted = (account, method if account == "clearing" else None)
            sums[posted] = sums.get(posted, 0) + amount
        self._counts[method, moved.currency] = self._counts.get((method, moved.currency), 0) + 1

    def transactions(self) -> Iterator[Transaction]:
        """The day's, by method and currency. What has come to nothing is in none."""
        for method, currency in sorted(self._sums):
            sums = self._sums[method, currency]
            postings = [Posting(account, of, amount) for (account, of), amount in sums.items() if amount]
            # Debits first, as everywhere.
            postings.sort(key=lambda one: (one.amount < 0, ACCOUNTS.index(one.account), one.of or ""))
            if postings:
                narration = f"Payments by {method}" if method else "Bills, credits and balances"
                tags: dict[str, str | int] = {"movements": self._counts[method, currency]}
                yield Transaction(self._day, f"{narration} ({currency})", currency, postings, tags)
