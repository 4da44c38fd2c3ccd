"""Amounts: integers in a currency's smallest unit, that every JSON client can represent exactly."""

from dues.domain.currencies import EXPONENTS

AMOUNT_MAX = 9_007_199_254_740_991
"""2**53 - 1: the largest integer that a double, and so every JSON client, holds exactly."""


def is_safe(amount_minor: int) -> bool:
    """Whether `amount_minor` (or a sum of amounts) lies within ±AMOUNT_MAX."""
    return -AMOUNT_MAX <= amount_minor <= AMOUNT_MAX


def written(amount_minor: int, currency: str | None) -> str:
    """The amount as people read it in a sentence: `ZAR 5,000.00`, `JPY 5,000`, `BHD -1.500`.

    Of a currency whose decimals nobody knows any more, and where none is known, it says that it is in the smallest
    unit.
    """
    exponent = EXPONENTS.get(currency or "")
    if exponent is None:
        return f"{currency} {amount_minor:,} in the smallest unit" if currency else f"{amount_minor:,}"
    whole, rest = divmod(abs(amount_minor), 10**exponent)
    decimals = f".{rest:0{exponent}}" if exponent else ""
    return f"{currency} {'-' if amount_minor < 0 else ''}{whole:,}{decimals}"


def in_major_units(amount_minor: int, currency: str | None) -> str:
    """The amount as programs read it: `5000.00`, `5000`, `-1.500`; of a currency whose decimals nobody knows any more,
    in its smallest unit."""
    exponent = EXPONENTS.get(currency or "", 0)
    if not exponent:
        return str(amount_minor)
    whole, rest = divmod(abs(amount_minor), 10**exponent)
    return f"{'-' if amount_minor < 0 else ''}{whole}.{rest:0{exponent}}"
