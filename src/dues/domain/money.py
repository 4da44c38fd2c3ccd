"""Amounts: integers in a currency's smallest unit, that every JSON client can represent exactly."""

AMOUNT_MAX = 9_007_199_254_740_991
"""2**53 - 1: the largest integer that a double, and so every JSON client, holds exactly."""


def is_safe(amount_minor: int) -> bool:
    """Whether `amount_minor` (or a sum of amounts) lies within ±AMOUNT_MAX."""
    return -AMOUNT_MAX <= amount_minor <= AMOUNT_MAX
