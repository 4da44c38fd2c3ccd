"""What the command of a row decides: a verdict, what is to be said of the row, and what changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from dues.commands.command import ExtraEvent, Outcome, Shown
from dues.domain.files.rows import Wanted
from dues.domain.files.verdicts import Fault, Verdict
from dues.domain.records import Change
from dues.domain.refusals import Refusal


class Row(Struct, frozen=True):
    """A row that is to be carried out. `object_id` is what its key stands for, if it was applied before; `as_of` the
    time that its balance is of."""

    wanted: Wanted
    as_of: datetime | None = None
    object_id: str | None = None


class RowShown(Shown, frozen=True):
    """What became of a row. `id` is the object that it is about."""

    verdict: Verdict = "unchanged"
    faults: Sequence[Fault] = ()
    customer_id: str | None = None
    """Who it is about, where the row says who that is."""


def done(
    object_id: str,
    verdict: Verdict,
    changes: Sequence[Change[Any] | ExtraEvent | None] = (),
    warnings: Sequence[Fault] = (),
    customer_id: str | None = None,
    as_of: datetime | None = None,
) -> Outcome:
    """The row is good: what becomes of what, and of which time its balance is."""
    shown = RowShown(object_id, b"", verdict=verdict, faults=warnings, customer_id=customer_id)
    told = (object_id, as_of) if as_of else None
    return Outcome(shown, [change for change in changes if change is not None], as_of=told)


def conflict(object_id: str, code: str, column: str, detail: str) -> Outcome:
    """The row is well-formed, and what is there forbids it."""
    return Outcome(RowShown(object_id, b"", verdict="conflict", faults=[Fault(code, column, detail)]))


CONFLICTS: Final = frozenset({"bill_voided", "bill_paid", "below_payments"})
"""Refusals that say nothing against the row."""


def fault_of_refusal(refusal: Refusal) -> Fault:
    """What a refusal of the API is of a row."""
    column = (refusal.pointer or "").removeprefix("/").replace("/", ".")
    return Fault(refusal.code, column, refusal.detail)


def is_changed(change: Change[Any]) -> bool:
    """Whether anything of an object becomes another."""
    return change.before is None or change.before.of != change.after.of
