"""Records: an object as it is kept, with what is kept beside it; and changes of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from dues.domain.entries import Entry, Head
from dues.domain.payment_rules import PaymentRules

Object = TypeVar("Object", covariant=True)
One = TypeVar("One")


class Record(Struct, Generic[Object], frozen=True):
    """An object, the merchant's default rules for it, the end of its ledger, and the number of its last event.

    `head` and `events` are None where they were not read: whoever only looks at an object needs neither. A ledger
    without entries ends at `Head()`, and an object that nothing was told of has 0 events.
    """

    of: Object
    default_rules: PaymentRules | None = None
    head: Head | None = None
    events: int | None = None


class Taken(Struct, Generic[Object], frozen=True):
    """An object that has a reference which is wanted for a new one, and when it was made."""

    record: Record[Object]
    created_at: datetime


class Change(Struct, Generic[Object], frozen=True):
    """What becomes of an object: from `before` (None: it is new) to `after`, by these entries."""

    before: Record[Object] | None
    after: Record[Object]
    entries: Sequence[Entry] = ()


def made(of: One, default_rules: PaymentRules | None, entries: Sequence[Entry] = ()) -> Change[One]:
    """The making of a new object, whose ledger has these entries."""
    return Change(None, Record(of, default_rules, end_of(Head(), entries), 0), entries)


def changed(before: Record[One], of: One, entries: Sequence[Entry] = ()) -> Change[One]:
    """What was `before` becomes `of`, by these entries."""
    head = before.head and end_of(before.head, entries)
    return Change(before, Record(of, before.default_rules, head, before.events), entries)


def end_of(head: Head, entries: Sequence[Entry]) -> Head:
    """Where a ledger ends that ended at `head` before these entries."""
    if not entries:
        return head
    last = entries[-1]
    return Head(last.number, last.hash, last.balance_after, last.created_at)


class Changing:
    """What one request makes of objects, some of them in several steps: in the end, one change of each."""

    def __init__(self) -> None:
        self._changes: dict[str, Change[Any]] = {}

    def now(self, record: Record[One]) -> Record[One]:
        """The object as the steps so far have left it."""
        change = self._changes.get(record.of.id)  # type: ignore[attr-defined]
        return change.after if change else record

    def add(self, step: Change[Any]) -> None:
        """Another step."""
        earlier = self._changes.get(step.after.of.id)
        self._changes[step.after.of.id] = (
            Change(earlier.before, step.after, [*earlier.entries, *step.entries]) if earlier else step
        )

    def all(self) -> list[Change[Any]]:
        """The changes, in the order in which the objects were first changed."""
        return list(self._changes.values())
