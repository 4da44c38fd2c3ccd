"""Balances: what somebody owes (positive) or has in credit (negative), in which currency."""

from collections.abc import Iterable, Iterator

from msgspec import UNSET, Struct, UnsetType

from dues.domain.currencies import EXPONENTS, explain_unknown
from dues.domain.entries import Chain
from dues.domain.money import AMOUNT_MAX, is_safe, written
from dues.domain.refusals import Refusal
from dues.domain.violations import Violation


class PaidSince(Struct, frozen=True):
    """By currency, what payments have changed a balance by since a time, in minor units: their reversals, and all else
    that belongs to a payment, with them. Not `is_whole`: there are more entries since than are looked at."""

    amounts: dict[str, int] = {}
    is_whole: bool = True


class Balance(Struct, frozen=True):
    """What an object counts: nothing, only in which currency it would, or an amount of minor units."""

    currency: str | None
    amount: int | None

    @property
    def tracked(self) -> tuple[str, int] | None:
        """(currency, amount) where one is tracked, else None."""
        if self.amount is None:
            return None
        assert self.currency is not None, "a balance has a currency"
        return self.currency, self.amount


def outstanding(balance: int | None) -> int | None:
    """What of a balance is to be paid; None where none is tracked. A credit is nothing outstanding."""
    return None if balance is None else max(0, balance)


def payment_max(balance: int | None) -> int:
    """The most that can be paid towards a balance without leaving the safe range."""
    return min(AMOUNT_MAX, AMOUNT_MAX + (balance or 0))


def needs_currency(balance: int | None, currency: str | None) -> Iterator[Violation]:
    """Yields a violation where a balance is given without the currency that it counts in."""
    if balance is not None and currency is None:
        yield Violation("/currency", "required", "is required with a balance: which currency does it count in?")


def refuse_unsafe(amounts: Iterable[int | None], pointer: str, currency: str | None = None) -> Refusal | None:
    """Refuses where any of `amounts` is one that not every JSON client could represent exactly."""
    for amount in amounts:
        if amount is not None and not is_safe(amount):
            detail = f"{pointer[1:]} would lead to {written(amount, currency)}; "
            detail += f"amounts must lie within ±{written(AMOUNT_MAX, currency)}."
            return Refusal("amount_out_of_range", detail, pointer)
    return None


def refuse_unknown(currency: str, own: Iterable[str | None] = ()) -> Refusal | None:
    """Refuses a currency that is not active, unless it is one of `own`: what has a currency keeps it for good."""
    if currency in EXPONENTS or currency in own:
        return None
    return Refusal("validation_failed", f"/currency {explain_unknown(currency)}", "/currency", "unknown_currency")


def change_balance(
    old: Balance, currency: str | UnsetType | None, amount: int | UnsetType | None, chain: Chain
) -> Balance | Refusal:
    """The balance after a PATCH of currency and amount (UNSET: not sent; None: cleared), its entries in `chain`.

    Refuses a balance without a currency, another currency for the same balance, and unsafe amounts.
    """
    new = Balance(
        old.currency if currency is UNSET else currency,
        old.amount if amount is UNSET else amount,
    )
    if new.currency and (unknown := refuse_unknown(new.currency, [old.currency])):
        return unknown
    if new.amount is not None and new.currency is None:
        return Refusal("validation_failed", "/currency is required with a balance.", "/currency", "required")
    if new.amount is not None and new.currency != old.currency and old.amount is not None and amount is UNSET:
        detail = f"The balance counts in {old.currency}. Send the balance in {new.currency} with the new currency."
        return Refusal("currency_mismatch", detail, "/currency")
    same_currency = new.currency == old.currency and new.amount is not None and old.amount is not None
    difference = new.amount - old.amount if same_currency else None  # type: ignore[operator]
    if refusal := refuse_unsafe([new.amount, difference], "/balance", new.currency):
        return refusal
    chain.track(old.tracked, new.tracked)
    return new


def adjust_balance(
    old: Balance, amount: int, reason: str | None, chain: Chain, reference: str | None = None
) -> Balance | Refusal:
    """The balance after a signed delta. Refuses where none is tracked, or where it would become unsafe."""
    if old.tracked is None:
        return Refusal("balance_not_tracked", "It has no balance to adjust. PATCH gives it one.")
    currency, before = old.tracked
    if refusal := refuse_unsafe([amount, before + amount], "/amount", currency):
        return refusal
    chain.add("adjustment", currency, amount, reason, reference)
    return Balance(currency, before + amount)
