"""The active ISO 4217 currencies and how many decimals each one's smallest unit stands for."""

from difflib import get_close_matches
from typing import Final

import iso4217

EXPONENTS: Final[dict[str, int]] = {
    currency.code: currency.exponent for currency in iso4217.Currency if currency.exponent is not None
}
"""Alphabetic code to exponent (ZAR 2, JPY 0, BHD 3). Metals and test codes have no smallest unit, so are absent."""


def explain_unknown(code: str) -> str:
    """A sentence for a code that is not in EXPONENTS, naming the likely one where there is one."""
    wanted = code.strip().upper()
    if wanted not in EXPONENTS:
        wanted = next(iter(get_close_matches(wanted, EXPONENTS, n=1, cutoff=0.6)), "") if len(wanted) <= 8 else ""
    hint = f" Did you mean {wanted}?" if wanted else " For example ZAR."
    return f"must be an active ISO 4217 alphabetic code, in upper case.{hint}"
