"""The figures of a statement: what is owed at an instant and of what that is made, and how old what is open is."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from msgspec import Struct

AGES: Final = (0, 30, 60, 90, 120)
"""Up to how many days after it was due a bill belongs to an age; what is older has one of its own."""


class Position(Struct, frozen=True, kw_only=True):
    """What is owed in one currency at an instant, in minor units; each figure is nothing or more.

    `balances_owed` and `balances_in_credit` are of balances, `open_bills` is what remains of bills that are open,
    `overpaid_bills` what was paid of bills beyond what was due. `held` is beside all that: money of payments that has
    not been applied.
    """

    balances_owed: int = 0
    balances_in_credit: int = 0
    open_bills: int = 0
    overpaid_bills: int = 0
    held: int = 0

    @property
    def total(self) -> int:
        """What is owed; below nothing: what is in credit."""
        return self.balances_owed - self.balances_in_credit + self.open_bills - self.overpaid_bills


class Age(Struct, frozen=True):
    """Open bills of one age: those that were due `from_days` to `to_days` days ago (None: no bound)."""

    from_days: int | None
    to_days: int | None
    count: int = 0
    amount: int = 0


def ages_of(bills: Sequence[tuple[int, int]]) -> list[Age]:
    """Open bills by age, each (days since it was due, amount in minor units). Those that are not due yet are the
    first, those due today among them."""
    counts, amounts = [0] * (len(AGES) + 1), [0] * (len(AGES) + 1)
    for days, amount in bills:
        place = sum(days > most for most in AGES)
        counts[place] += 1
        amounts[place] += amount
    begins: list[int | None] = [None, *(most + 1 for most in AGES)]
    ends: list[int | None] = [*AGES, None]
    return [Age(*one) for one in zip(begins, ends, counts, amounts, strict=True)]


def days_since(due_on: date, day: date) -> int:
    """How many days ago it was due on `day`; nothing or less: it is not overdue."""
    return (day - due_on).days
