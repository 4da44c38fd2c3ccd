"""How a transaction is written for each program. None is given what it takes for anything but text or an amount."""

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

from dues.domain.currencies import EXPONENTS
from dues.domain.journal.names import Chart, Format
from dues.domain.journal.transactions import Transaction
from dues.domain.money import in_major_units
from dues.resources.exports.columns import csv_lines, safe_cell


class Writer(ABC):
    """Writes transactions one after the other, to one file."""

    content_type = "text/plain"

    def __init__(self, chart: Chart) -> None:
        self._chart = chart

    @abstractmethod
    def begin(self, says: str) -> str:
        """What the file begins with. `says` is what of, in a line."""

    @abstractmethod
    def write(self, transaction: Transaction) -> str:
        """A transaction."""


class Ledger(Writer):
    """For ledger."""

    def begin(self, says: str) -> str:
        return f"; {_plain(says)}\n"

    def write(self, transaction: Transaction) -> str:
        lines = ["", f"{transaction.day} {_plain(transaction.narration)}"]
        lines += [f"    ; {name}: {_tag(str(value))}" for name, value in transaction.tags.items()]
        for posting in transaction.postings:
            amount = in_major_units(posting.amount, transaction.currency)
            account = self._chart.name(posting.account, posting.of)
            lines.append(f"    {account}  {amount} {transaction.currency}")
        lines.append("")
        return "\n".join(lines)


class Hledger(Ledger):
    """For hledger, which is told how many decimals a currency has before it is used."""

    def __init__(self, chart: Chart) -> None:
        super().__init__(chart)
        self._currencies: set[str] = set()

    def begin(self, says: str) -> str:
        return super().begin(says) + "decimal-mark .\n"

    def write(self, transaction: Transaction) -> str:
        text = super().write(transaction)
        if transaction.currency in self._currencies:
            return text
        self._currencies.add(transaction.currency)
        decimals = "0" * EXPONENTS.get(transaction.currency, 0)
        return f"\ncommodity 1000.{decimals} {transaction.currency}\n{text}"


class Beancount(Writer):
    """For beancount, which opens the accounts itself: so files of several months can be read one after the other."""

    def begin(self, says: str) -> str:
        return f'; {_plain(says)}\noption "title" {_quoted(says)}\nplugin "beancount.plugins.auto_accounts"\n'

    def write(self, transaction: Transaction) -> str:
        lines = ["", f"{transaction.day} * {_quoted(transaction.narration)}"]
        for name, value in transaction.tags.items():
            lines.append(f"  {name}: {value if isinstance(value, int) else _quoted(value)}")
        for posting in transaction.postings:
            amount = in_major_units(posting.amount, transaction.currency)
            lines.append(f"  {self._chart.name(posting.account, posting.of)}  {amount} {transaction.currency}")
        lines.append("")
        return "\n".join(lines)


COLUMNS: Final = ("Date", "Narration", "Account", "Debit", "Credit", "Currency")
"""Of a manual journal: what accounting programs import."""

OF_MOVEMENTS: Final = ("Id", "Number", "Customer", "Payment", "Method", "Reason")


class Table(Writer):
    """For spreadsheets, and programs that import manual journals: a row for each posting."""

    content_type = "text/csv"

    def __init__(self, chart: Chart, more: tuple[str, ...]) -> None:
        super().__init__(chart)
        self._more = more

    def begin(self, says: str) -> str:
        return csv_lines([[*COLUMNS, *self._more]])

    def write(self, transaction: Transaction) -> str:
        tags = [_cell(str(transaction.tags.get(name.lower(), ""))) for name in self._more]
        begin = [str(transaction.day), _cell(transaction.narration)]
        rows = []
        for posting in transaction.postings:
            amount = in_major_units(abs(posting.amount), transaction.currency)
            sides = [amount, ""] if posting.amount > 0 else ["", amount]
            account = _cell(self._chart.name(posting.account, posting.of))
            rows.append([*begin, account, *sides, transaction.currency, *tags])
        return csv_lines(rows)


def writer_of(form: Format, names: Mapping[str, str], *, is_summary: bool) -> Writer:
    """Writes in a form, with a merchant's names for accounts."""
    chart = Chart(form, names)
    if form == "csv":
        return Table(chart, () if is_summary else OF_MOVEMENTS)
    return {"hledger": Hledger, "ledger": Ledger, "beancount": Beancount}[form](chart)


_MEANS_SOMETHING: Final = str.maketrans({";": " ", "|": "/", "[": "(", "]": ")"})
"""To hledger or ledger: the end of a description, or a date. A comma ends a tag."""


def _line(text: str) -> str:
    """Without ends of lines, or other characters that nobody sees."""
    if text.isascii() and text.isprintable():
        return text  # as nearly all are
    return "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text)


def _plain(text: str) -> str:
    return " ".join(_line(text).translate(_MEANS_SOMETHING).split())


def _tag(text: str) -> str:
    return " ".join(_plain(text).replace(",", " ").split())


def _quoted(text: str) -> str:
    escaped = _line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _cell(text: str) -> str:
    return safe_cell(_line(text)) or ""
