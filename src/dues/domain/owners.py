"""Owners: accounts and customers. Either may have a balance, and its balance changes by the same rules."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec import UNSET, structs

from dues.domain.adjustments import Adjustment, NewAdjustment, refuse_repeated
from dues.domain.balances import Balance, PaidSince, adjust_balance, change_balance
from dues.domain.entries import Cause, Chain, Entry, Head
from dues.domain.metadata import merge_metadata
from dues.domain.payment_rules import PaymentRules
from dues.domain.records import Change, Record, changed
from dues.domain.refusals import Refusal
from dues.domain.violations import Violation

Owner = TypeVar("Owner")
"""Account or Customer. Neither knows the other, nor this module them; what they share is by name."""


def opening(owner: Any, cause: Cause) -> Sequence[Entry]:
    """The entry that opens the balance of a new owner; none where none is tracked."""
    if owner.balance is None:
        return ()
    chain = Chain(owner.id, Head(), cause)
    chain.track(None, Balance(owner.currency, owner.balance).tracked)
    return chain.entries


def needs_balance(changes: Any) -> Iterator[Violation]:
    """Yields a violation where a PATCH says of which time a balance is that it does not have."""
    if changes.balance_as_of not in (UNSET, None) and changes.balance in (UNSET, None):
        yield Violation("/balance_as_of", "without_balance", "needs a balance: it says of which time that is.")


def update_owner(
    record: Record[Owner], changes: Any, default_rules: PaymentRules | None, cause: Cause, paid: PaidSince | None = None
) -> Change[Owner] | Refusal:
    """The owner after a PATCH, and the entries of what that did to its balance.

    `default_rules` are the merchant's for the currency that is sent, if one is; `paid` is what was paid since the time
    that the new balance is of, and is kept on top of it. Refuses a time in the future, or too long ago.
    """
    old: Any = record.of
    chain = Chain(old.id, record.head, cause)
    amount = changes.balance
    if changes.balance_as_of is not UNSET:
        assert paid is not None, "asked for where such a time is sent"
        if refusal := _refuse_time(changes.balance_as_of, paid, cause):
            return refusal
        currency = old.currency if changes.currency is UNSET else changes.currency
        amount += paid.amounts.get(currency, 0)
    balance = change_balance(Balance(old.currency, old.balance), changes.currency, amount, chain)
    if isinstance(balance, Refusal):
        return balance
    metadata = merge_metadata(old.metadata, changes.metadata)
    if isinstance(metadata, Refusal):
        return metadata
    sent = {name: value for name, value in structs.asdict(changes).items() if value is not UNSET}
    sent.pop("balance_as_of", None)
    replaced: dict[str, Any] = sent | {"currency": balance.currency, "balance": balance.amount, "metadata": metadata}
    change = changed(record, structs.replace(old, **replaced), chain.entries)
    if balance.currency == old.currency:
        return change
    return structs.replace(change, after=structs.replace(change.after, default_rules=default_rules))


def _refuse_time(as_of: datetime, paid: PaidSince, cause: Cause) -> Refusal | None:
    pointer = "/balance_as_of"
    if as_of > cause.now:
        return Refusal("validation_failed", f"{pointer} must not be in the future.", pointer, "in_the_future")
    if not paid.is_whole:
        detail = f"{pointer} is too long ago: more has happened since than can be looked at. Send a later balance."
        return Refusal("validation_failed", detail, pointer, "too_long_ago")
    return None


def overwritten(change: Change[Any], paid: PaidSince) -> tuple[str, int] | None:
    """Currency and sum of the payments that a PATCH of a balance has overwritten, if any: those since the balance was
    set before that, less what was reversed of them."""
    for entry in change.entries:
        if entry.sets_balance and entry.kind != "opening" and (amount := paid.amounts.get(entry.currency)):
            return entry.currency, -amount
    return None


def adjust_owner(
    record: Record[Owner], new: NewAdjustment, there: Adjustment | None, cause: Cause
) -> Change[Owner] | Refusal:
    """The owner after a signed delta to its balance, and the entry of it.

    `there` is what has its name already. Refuses `external_reference_taken`, and where adjust_balance refuses.
    """
    if there is not None:
        return refuse_repeated(new, there)
    old: Any = record.of
    chain = Chain(old.id, record.head, cause)
    balance = adjust_balance(Balance(old.currency, old.balance), new.amount, new.reason, chain, new.external_reference)
    if isinstance(balance, Refusal):
        return balance
    return changed(record, structs.replace(old, balance=balance.amount), chain.entries)
