"""Balances: what somebody owes (positive) or has in credit (negative)."""

from collections.abc import Iterable, Iterator

from dues.domain.money import AMOUNT_MAX, is_safe
from dues.domain.refusals import Refusal
from dues.domain.violations import Violation


def tracked(currency: str | None, balance: int | None) -> tuple[str, int] | None:
    """(currency, balance) where a balance is tracked, else None."""
    if balance is None:
        return None
    assert currency is not None, "a balance has a currency"
    return currency, balance


def needs_currency(balance: int | None, currency: str | None) -> Iterator[Violation]:
    """Yields a violation where a balance is given without the currency that it counts in."""
    if balance is not None and currency is None:
        yield Violation("/currency", "required", "is required with a balance: which currency does it count in?")


def refuse_unsafe(amounts: Iterable[int | None], pointer: str) -> Refusal | None:
    """Refuses where any of `amounts` is one that not every JSON client could represent exactly."""
    for amount in amounts:
        if amount is not None and not is_safe(amount):
            detail = f"{pointer[1:]} would lead to {amount}; amounts must lie within ±{AMOUNT_MAX}."
            return Refusal("amount_out_of_range", detail, pointer)
    return None
