"""Adjustments: a signed delta to a balance, where PATCH overwrites it."""

from collections.abc import Iterator
from typing import TypeVar

from msgspec import Struct, structs

from dues.domain.accounts import Account
from dues.domain.balances import Balance, adjust_balance
from dues.domain.customers import Customer
from dues.domain.entries import Cause, Chain, Entry, Head
from dues.domain.fields import Amount, Reason
from dues.domain.refusals import Refusal
from dues.domain.violations import Violation

Owner = TypeVar("Owner", Account, Customer)
"""Whoever has a balance."""


class NewAdjustment(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change of a balance by `amount` minor units: positive makes it owe more."""

    amount: Amount
    reason: Reason

    def cross_check(self) -> Iterator[Violation]:
        """Yields a delta that changes nothing."""
        if self.amount == 0:
            yield Violation("/amount", "zero", "must not be 0: that would change nothing.")


def adjust(owner: Owner, adjustment: NewAdjustment, head: Head, cause: Cause) -> tuple[Owner, list[Entry]] | Refusal:
    """The owner after a signed delta to its balance, and the entry of it; refused where adjust_balance refuses."""
    chain = Chain(owner.id, head, cause)
    balance = adjust_balance(Balance(owner.currency, owner.balance), adjustment.amount, adjustment.reason, chain)
    if isinstance(balance, Refusal):
        return balance
    return structs.replace(owner, balance=balance.amount), chain.entries
