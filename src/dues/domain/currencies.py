"""The active ISO 4217 currencies and how many decimals each one's smallest unit stands for."""

from typing import Final

import iso4217

EXPONENTS: Final[dict[str, int]] = {
    currency.code: currency.exponent for currency in iso4217.Currency if currency.exponent is not None
}
"""Alphabetic code to exponent (ZAR 2, JPY 0, BHD 3). Metals and test codes have no smallest unit, so are absent."""


def is_code(text: str) -> bool:
    """Whether it is written like a currency's code. What has a currency keeps it when ISO 4217 drops that, so only
    what it is for can tell whether it is known."""
    return len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()


def explain_unknown(code: str) -> str:
    """A sentence for a code that is not in EXPONENTS, naming the one that was likely meant."""
    meant = code.strip().upper()
    hint = f"Did you mean {meant}?" if meant in EXPONENTS else "For example ZAR."
    return f"must be an active ISO 4217 alphabetic code, in upper case. {hint}"
