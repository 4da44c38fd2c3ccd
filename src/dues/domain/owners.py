"""Owners: accounts and customers. Either may have a balance, and its balance changes by the same rules."""

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import UNSET, structs

from dues.domain.balances import Balance, adjust_balance, change_balance
from dues.domain.entries import Cause, Chain, Entry, Head
from dues.domain.metadata import merge_metadata
from dues.domain.payment_rules import PaymentRules
from dues.domain.records import Change, Record, changed
from dues.domain.refusals import Refusal

Owner = TypeVar("Owner")
"""Account or Customer. Neither knows the other, nor this module them; what they share is by name."""


def opening(owner: Any, cause: Cause) -> Sequence[Entry]:
    """The entry that opens the balance of a new owner; none where none is tracked."""
    if owner.balance is None:
        return ()
    chain = Chain(owner.id, Head(), cause)
    chain.track(None, Balance(owner.currency, owner.balance).tracked)
    return chain.entries


def update_owner(
    record: Record[Owner], changes: Any, default_rules: PaymentRules | None, cause: Cause
) -> Change[Owner] | Refusal:
    """The owner after a PATCH, and the entries of what that did to its balance.

    `default_rules` are the merchant's for the currency that is sent, if one is.
    """
    old: Any = record.of
    chain = Chain(old.id, record.head, cause)
    balance = change_balance(Balance(old.currency, old.balance), changes.currency, changes.balance, chain)
    if isinstance(balance, Refusal):
        return balance
    metadata = merge_metadata(old.metadata, changes.metadata)
    if isinstance(metadata, Refusal):
        return metadata
    sent = {name: value for name, value in structs.asdict(changes).items() if value is not UNSET}
    replaced: dict[str, Any] = sent | {"currency": balance.currency, "balance": balance.amount, "metadata": metadata}
    change = changed(record, structs.replace(old, **replaced), chain.entries)
    if balance.currency == old.currency:
        return change
    return structs.replace(change, after=structs.replace(change.after, default_rules=default_rules))


def adjust_owner(record: Record[Owner], amount: int, reason: str, cause: Cause) -> Change[Owner] | Refusal:
    """The owner after a signed delta to its balance, and the entry of it; refused where adjust_balance refuses."""
    old: Any = record.of
    chain = Chain(old.id, record.head, cause)
    balance = adjust_balance(Balance(old.currency, old.balance), amount, reason, chain)
    if isinstance(balance, Refusal):
        return balance
    return changed(record, structs.replace(old, balance=balance.amount), chain.entries)
