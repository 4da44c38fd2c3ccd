"""The questions on the ledger of what is called so: which adjustment has a name, and what was paid since a time.

They name an owner as the request does, so that they are answered at the same moment as what it is.
"""

from datetime import datetime
from functools import cache
from typing import Any

from dues.commands.kind import Kind
from dues.commands.known import TenantLookup
from dues.domain.adjustments import Adjustment
from dues.domain.balances import PaidSince
from dues.ledger.store import adjustment_named, paid_since
from dues.work.questions import Part, Question


class AdjustmentNamed(Question, frozen=True):
    """The adjustment of this name, of the balance of what is called `name`."""

    kind: Kind[Any]
    name: str
    external_reference: str

    @property
    def part(self) -> Part:
        return adjustments(self.kind, self.name.startswith(self.kind.prefix))

    @property
    def values(self) -> tuple[object, ...]:
        return self.name, self.external_reference


class PaidOf(Question, frozen=True):
    """What was paid of the balance of what is called `name`: after a time, or (None) since the balance was last set."""

    kind: Kind[Any]
    name: str
    at: datetime | None = None

    @property
    def part(self) -> Part:
        return payments(self.kind, self.name.startswith(self.kind.prefix), self.at is not None)

    @property
    def values(self) -> tuple[object, ...]:
        return (self.name,) if self.at is None else (self.name, self.at)


@cache
def adjustments(kind: Kind[Any], by_id: bool) -> Part:
    """What answers the one …"""
    return adjustment_named(_called(kind, by_id), kind.named(by_id))


@cache
def payments(kind: Kind[Any], by_id: bool, at: bool) -> Part:
    """… and the other."""
    return paid_since(_called(kind, by_id), kind.named(by_id), at=at)


def _called(kind: Kind[Any], by_id: bool) -> str:
    return f"{kind.table} by {'id' if by_id else 'reference'}"


def find_adjustment(lookup: TenantLookup, question: AdjustmentNamed, owner_id: str) -> Adjustment | None:
    """It, also where one before in the group has made it."""
    for entry in lookup.entries_of(owner_id):
        if entry.external_reference == question.external_reference:
            return Adjustment(entry.id, entry.amount, entry.currency, entry.reason, entry.created_at)
    there: Adjustment | None = lookup.answer(question)
    return there


def find_paid(lookup: TenantLookup, question: PaidOf, owner_id: str) -> PaidSince:
    """What was paid, with what those before in the group have done."""
    read: PaidSince = lookup.answer(question) or PaidSince()
    amounts, is_whole = dict(read.amounts), read.is_whole
    for entry in lookup.entries_of(owner_id):
        if question.at is None and entry.sets_balance:
            amounts, is_whole = {}, True
        elif entry.payment_id is not None and (question.at is None or entry.created_at > question.at):
            amounts[entry.currency] = amounts.get(entry.currency, 0) + entry.amount
    return PaidSince(amounts, is_whole)
