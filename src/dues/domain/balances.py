"""Balances: what somebody owes (positive) or has in credit (negative), and the entries that prove it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct

from dues.domain.ids import new_id
from dues.domain.money import AMOUNT_MAX, is_safe
from dues.domain.refusals import Refusal
from dues.domain.violations import Violation

EntryKind = Literal["opening"]


class Entry(Struct, frozen=True):
    """One immutable change of a balance. `owner_id` is the account or customer; amounts are minor units."""

    id: str
    owner_id: str
    number: int
    kind: EntryKind
    currency: str
    amount: int
    balance_after: int


def needs_currency(balance: int | None, currency: str | None) -> Iterator[Violation]:
    """Yields a violation where a balance is given without the currency that it counts in."""
    if balance is not None and currency is None:
        yield Violation("/currency", "required", "is required with a balance: which currency does it count in?")


def refuse_unsafe(balance: int | None, pointer: str) -> Refusal | None:
    """Refuses a balance that not every JSON client could represent exactly."""
    if balance is None or is_safe(balance):
        return None
    return Refusal("amount_out_of_range", f"{pointer[1:]} must lie within ±{AMOUNT_MAX}; it is {balance}.", pointer)


def opening_entry(owner_id: str, currency: str | None, balance: int | None, now: datetime) -> Entry | None:
    """The first entry of a balance that is tracked from now on (also from zero), or None where none is."""
    if balance is None:
        return None
    assert currency is not None, "a balance has a currency"
    return Entry(
        id=new_id("ent_", now),
        owner_id=owner_id,
        number=1,
        kind="opening",
        currency=currency,
        amount=balance,
        balance_after=balance,
    )
