"""What accounts are called, in each program's way: whose names have spaces, colons or other letters than it takes."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Final, Literal

from dues.domain.journal.movements import ACCOUNTS, Account
from dues.domain.violations import Violation, closest, quoted

Format = Literal["hledger", "beancount", "ledger", "csv"]

DEFAULTS: Final[Mapping[Account, str]] = {
    "receivable": "assets:receivable",
    "billed": "income:billed",
    "clearing": "assets:clearing",
    "held": "liabilities:held",
    "adjustments": "income:adjustments",
    "opening": "equity:opening",
    "closing": "equity:closing",
    "recorded": "assets:recorded",
    "credit_notes": "income:credit-notes",
    "written_off": "expenses:written-off",
    "rounding": "expenses:rounding",
    "not_restored": "expenses:not-restored",
}
"""What each is called where nobody says otherwise."""

NAME_MAX: Final = 100

ROOTS: Final = ("assets", "liabilities", "equity", "income", "expenses")
"""What the name of every account begins with, for beancount."""

_NAME: Final = re.compile(r"[\w&+./#'-]+(?: [\w&+./#'-]+)*(?::[\w&+./#'-]+(?: [\w&+./#'-]+)*)*")

_DIGEST_LENGTH: Final = 10
"""40 bits: two customers whose names come to the same otherwise differ in these."""


def broken_names(names: Mapping[str, str], form: Format) -> Iterator[Violation]:
    """What is wrong with names that a merchant gives accounts, by what they stand for."""
    for account, name in names.items():
        pointer = f"/accounts[{account}]"
        if account not in ACCOUNTS:
            meant = closest(account, ACCOUNTS)
            hint = f"Did you mean {meant}?" if meant else f"Known are {', '.join(ACCOUNTS)}."
            yield Violation(pointer, "unknown_account", f"is none of the accounts that there are. {hint}")
        elif len(name) > NAME_MAX or not _NAME.fullmatch(name) or name[0] in "+-./#'&":
            detail = f"must be the name of an account, like assets:receivable or 1200, and {quoted(name)} is none."
            yield Violation(pointer, "malformed_account", detail)
        elif form == "beancount" and name.partition(":")[0].lower() not in ROOTS:
            detail = f"must begin with one of {', '.join(ROOTS)} for beancount, and a colon."
            yield Violation(pointer, "malformed_account", detail)
        elif form == "beancount" and not all(map(_capitalised, name.split(":")[1:] or [""])):
            detail = "must have letters or digits of ASCII after each colon for beancount."
            yield Violation(pointer, "malformed_account", detail)


class Chart:
    """What accounts are called in one program; `names` are those that are to be others than usual."""

    def __init__(self, form: Format, names: Mapping[str, str]) -> None:
        usual = {**{str(account): name for account, name in DEFAULTS.items()}, **names}
        self._part = _beancount_part if form == "beancount" else _plain_part
        self._names = {account: self._root(form, name) for account, name in usual.items()}
        self.name = lru_cache(maxsize=10_000)(self._name)
        """The name of an account, and of whose it is. It is made once for those that come often."""

    @staticmethod
    def _root(form: Format, name: str) -> str:
        if form != "beancount":
            return name
        first, *more = name.split(":")
        return ":".join([first.lower().capitalize(), *map(_capitalised, more)])

    def _name(self, account: Account, of: str | None) -> str:
        return self._names[account] if of is None else f"{self._names[account]}:{self._part(of)}"


def _plain_part(text: str) -> str:
    """For hledger, ledger and tables: no colon, which makes another level, and nothing that ends a name there."""
    kept = "".join(letter if letter in _PLAIN or unicodedata.category(letter)[0] in "LMN" else "-" for letter in text)
    part = re.sub(" +", " ", kept).strip(" ")
    return part if part == text else _told_apart(part, text)


_PLAIN: Final = frozenset(" -_./@#&+'")


def _beancount_part(text: str) -> str:
    """Letters, digits and hyphens of ASCII, a capital letter or a digit first: `METER-7`, and `Eft` for `eft`."""
    part = _capitalised(unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode())
    # Of `eft` and `Eft` only one can be that, of `c-1` and `C-1` likewise.
    is_as_usual = text[:2].islower() and text[:2].isalpha() if text[:1].islower() else not text[1:2].islower()
    return part if part == text[:1].upper() + text[1:] and is_as_usual else _told_apart(part, text)


def _capitalised(text: str) -> str:
    part = re.sub("[^A-Za-z0-9]+", "-", text).strip("-")
    return part[:1].upper() + part[1:]


def _told_apart(part: str, text: str) -> str:
    """What has become of a text, with what tells it from others of which the same would."""
    digest = sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{part}-{digest}" if part else f"X-{digest}"
