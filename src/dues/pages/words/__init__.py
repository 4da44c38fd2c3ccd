"""What pages say to whoever owes, in their language: sentences, amounts and days.

The sentences of a page are in its folder, `words.json`: key to language to text, with `{names}` for what is put in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import msgspec
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, get_decimal_symbol

from dues.domain.currencies import EXPONENTS

LANGUAGES: Final = ("en", "af", "zu", "de", "fr", "ar")
"""In which pages for customers are written, the first where nothing else is asked for."""

_RIGHT_TO_LEFT: Final = frozenset({"ar"})

_MINUS: Final = "\N{MINUS SIGN}"

_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*([0-9.]+)\s*)?")

Sentences = Mapping[str, Mapping[str, str]]
"""Key to language to text."""


@cache
def sentences_of(package: str) -> Sentences:
    """The sentences of the page whose package it is."""
    return msgspec.json.decode((files(package) / "words.json").read_bytes(), type=dict[str, dict[str, str]])


@dataclass(frozen=True)
class Language:
    """One language, by its code of two letters."""

    code: str

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return "rtl" if self.code in _RIGHT_TO_LEFT else "ltr"

    def amount(self, minor: int, currency: str) -> str:
        """An amount in minor units of a currency, without its name: `1,240.00`, `−5.00`."""
        exponent = EXPONENTS.get(currency, 0)
        value = Decimal(minor).scaleb(-exponent)
        places = f".{'0' * exponent}" if exponent else ""
        return format_decimal(value, f"#,##0{places}", _locale(self.code)).replace("-", _MINUS)

    @property
    def decimal_sign(self) -> str:
        """What stands before the decimals of an amount."""
        return get_decimal_symbol(_locale(self.code))

    def day(self, day: date, *, weekday: bool = False) -> str:
        """A day as people write it: `20 January 2026`, or `Tuesday, 20 January 2026`."""
        return format_date(day, "EEEE, d MMMM y" if weekday else "d MMMM y", _locale(self.code))

    def short_day(self, day: date) -> str:
        """A day in a table: `20 Jan 2026`."""
        return format_date(day, "d MMM y", _locale(self.code))


@lru_cache(maxsize=len(LANGUAGES))
def _locale(code: str) -> Locale:
    return Locale.parse(code)


class Words:
    """The sentences of some pages in one language."""

    def __init__(self, language: Language, *packages: str) -> None:
        self.language = language
        self._sentences = [sentences_of(package) for package in packages]

    def __call__(self, key: str, **values: object) -> str:
        """A sentence. Raises KeyError for one that there is not."""
        for sentences in self._sentences:
            if texts := sentences.get(key):
                return texts[self.language.code].format(**values)
        raise KeyError(key)


def language_of(asked: str | None, accepted: bytes | None) -> Language:
    """The language that is asked for, or the first of `Accept-Language` that there is; else English."""
    if asked in LANGUAGES:
        return Language(asked)
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate((accepted or b"")[:500].decode("latin-1").split(",")):
        if (match := _RANGE.fullmatch(part)) and (code := match[1].lower()) in LANGUAGES:
            try:
                weight = float(match[2] or 1)
            except ValueError:
                continue
            wanted.append((-weight, place, code))
    good = [code for weight, _, code in sorted(wanted) if weight < 0]
    return Language(good[0] if good else LANGUAGES[0])
