"""How much money a key may move: at once, and in a day. Counted by currency, in its smallest unit."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from msgspec import Struct

from dues.domain.money import written
from dues.domain.records import Change
from dues.domain.refusals import Refusal


class KeyLimits(Struct, frozen=True):
    """What one key may move; None: as much as it likes."""

    key_id: str
    max_amount: int | None
    max_per_day: int | None


class Spent(Struct, frozen=True):
    """What a key has moved on a day, by currency. `number` is that of the last row that says so; 0: there is none."""

    day: date
    number: int
    totals: Mapping[str, int]


NOTHING: Final = Spent(date.min, 0, {})
"""Of a key that was never used."""


class Moving(Struct, frozen=True):
    """A request by a key with limits: what it may move, and the amount that it says, with its currency if it says that
    too. Without an amount, its entries tell."""

    limits: KeyLimits
    amount: int | None = None
    currency: str | None = None


def moved(moving: Moving, changes: Sequence[Change[Any]]) -> dict[str, int]:
    """How much money a request moves, by currency: the amount that it says, or what its entries come to without their
    signs, where it says none but sets a balance."""
    if moving.amount is not None:
        return {moving.currency or changes[0].after.of.currency: abs(moving.amount)}
    sums: dict[str, int] = {}
    for change in changes:
        if change.after.of.noun == "payment":  # whose ledger says what is held, and moves with those of others
            continue
        for entry in change.entries:
            sums[entry.currency] = sums.get(entry.currency, 0) + abs(entry.amount)
    return sums


def spend(limits: KeyLimits, spent: Spent, amounts: Mapping[str, int], today: date) -> Spent | Refusal:
    """What the key has moved once it has moved `amounts` too. Refuses what is above one of its limits.

    A day that has begun goes on where this process's clock is a little behind that of another.
    """
    for currency, amount in amounts.items():
        if limits.max_amount is not None and amount > limits.max_amount:
            return Refusal(
                "amount_above_key_limit",
                f"This key may move {written(limits.max_amount, currency)} at once, and this would be "
                f"{written(amount, currency)}.",
            )
    day = max(spent.day, today)
    totals = dict(spent.totals) if spent.day == day else {}
    for currency, amount in amounts.items():
        before = totals.get(currency, 0)
        if limits.max_per_day is not None and before + amount > limits.max_per_day:
            return Refusal(
                "daily_limit_reached",
                f"This key may move {written(limits.max_per_day, currency)} a day. It has moved "
                f"{written(before, currency)} since 00:00 UTC, and this would be {written(amount, currency)} more.",
            )
        totals[currency] = before + amount
    return Spent(day, spent.number if spent.day == day else 0, totals)
