"""Adjustments: a signed delta to a balance, where PATCH overwrites it."""

from collections.abc import Iterator

from msgspec import Struct

from dues.domain.fields import Amount, Reason
from dues.domain.violations import Violation


class NewAdjustment(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change of a balance by `amount` minor units: positive makes it owe more."""

    amount: Amount
    reason: Reason

    def cross_check(self) -> Iterator[Violation]:
        """Yields a delta that changes nothing."""
        if self.amount == 0:
            yield Violation("/amount", "zero", "must not be 0: that would change nothing.")
