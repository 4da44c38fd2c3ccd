"""Adjustments: a signed delta to a balance, where PATCH overwrites it."""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from dues.domain.fields import AdjustmentReference, Amount, Reason
from dues.domain.refusals import Existing, Refusal
from dues.domain.violations import Violation


class NewAdjustment(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change of a balance by `amount` minor units: positive makes it owe more."""

    amount: Amount
    reason: Reason
    external_reference: AdjustmentReference | None = None

    def cross_check(self) -> Iterator[Violation]:
        """Yields a delta that changes nothing."""
        if self.amount == 0:
            yield Violation("/amount", "zero", "must not be 0: that would change nothing.")


class Adjustment(Struct, frozen=True):
    """One that has a name already. `reason` None: it was erased."""

    id: str
    amount: int
    currency: str
    reason: str | None
    created_at: datetime


def refuse_repeated(new: NewAdjustment, there: Adjustment) -> Refusal:
    """What has the name of another adjustment of the same balance is that one, sent again."""
    differs = [
        name
        for name, sent, kept in (("amount", new.amount, there.amount), ("reason", new.reason, there.reason))
        if kept is not None and sent != kept
    ]
    return Refusal(
        "external_reference_taken",
        f"The adjustment {there.id} already has the external_reference {new.external_reference!r}.",
        "/external_reference",
        existing=Existing(id=there.id, created_at=there.created_at, amount=there.amount, currency=there.currency),
        differs=differs,
    )
