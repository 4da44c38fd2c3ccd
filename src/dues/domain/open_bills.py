"""Open bills: what an owner's bills come to that are not paid, beside its own balance."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from msgspec import Struct

from dues.domain.money import written
from dues.domain.obligations import Owed
from dues.domain.refusals import Refusal

COUNTED_MAX: Final = 10_000
"""As many are added up for whoever asks what can be paid; that takes some milliseconds, and others wait for it."""


class OpenBillsTotal(Struct, frozen=True):
    """How many bills of one currency are open, what remains of them in minor units, and when the first was due."""

    currency: str
    count: int
    amount_remaining: int
    oldest_due_date: date | None = None


def own_first(totals: Sequence[OpenBillsTotal], currency: str | None) -> Sequence[OpenBillsTotal]:
    """The total in the owner's own currency, then the others."""
    return sorted(totals, key=lambda total: (total.currency != currency, total.currency))


def tell_open_bills(owed: Owed, refusal: Refusal, totals: Sequence[OpenBillsTotal]) -> str:
    """Why an account or a customer takes no payment for its balance, and what of its bills there is to pay."""
    if not totals:
        return refusal.detail
    count = sum(total.count for total in totals)
    sums = " and ".join(written(total.amount_remaining, total.currency) for total in totals)
    bills = f"{'its open bill comes' if count == 1 else f'its {count:,} open bills come'} to {sums}"
    called = f"The {owed.of.noun} {owed.of.external_reference!r}"
    if owed.of.outstanding is None:
        why = f"{called} tracks no balance of its own"
    elif owed.of.outstanding == 0:
        why = f"{called} owes nothing on its own balance"
    else:
        why = refusal.detail.rstrip(".")
    return f"{why}, but {bills}. Pay a bill by its name, or several with parts or allocation."
