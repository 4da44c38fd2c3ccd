"""What a group knows: what was read for it, and what those before have decided.

Each request of a group is decided on what the one before it left: the reference that it took, the balance that it
moved, the answer that it was given. A request that is refused, or fails, leaves nothing here.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from dues.audit.store import Done
from dues.commands.kind import Kind
from dues.domain.entries import Entry
from dues.domain.key_limits import Spent
from dues.domain.payment_rules import PaymentRules
from dues.domain.records import Record, Taken
from dues.domain.tenants import Tenant
from dues.events.store import NewEvent
from dues.idempotency.store import Answered
from dues.tenants.closed.store import Dated
from dues.tenants.store import DefaultRules
from dues.work.questions import Question

Key = tuple[int, str]
"""(tenant's id, object's id)."""


class Written(Struct):
    """An object that the group makes or changes: as it was before (None: new), and as it is in the end."""

    kind: Kind[Any]
    before: Record[Any] | None
    after: Record[Any]
    created_at: datetime


class Known:
    """Everything that one group knows, of all its tenants, and what it has to write."""

    def __init__(self, kinds: Mapping[type, Kind[Any]]) -> None:
        self.kinds = kinds
        self.ids: dict[tuple[int, str, str], str | None] = {}
        """By tenant, noun and name, as it was asked for; None: there is no such object."""
        self.taken: dict[tuple[int, str, str], Taken[Any] | None] = {}
        """By tenant, noun and reference that was wanted for something new."""
        self.records: dict[Key, Record[Any]] = {}
        self.other: dict[tuple[int, Question], Any] = {}

        self.written: dict[Key, Written] = {}
        self.entries: list[Entry] = []
        self.events: list[NewEvent] = []
        self.answered: list[Answered] = []
        self.spendings: dict[Key, Spent] = {}
        """By tenant and API key."""
        self.audited: list[Done] = []
        """What people did."""
        self.dated: dict[int, Dated] = {}
        """By tenant: what is entered of days that are over."""

    def remember(self, tenant_id: int, record: Record[Any]) -> None:
        """Keeps a record that was read, but never in the place of one that says more."""
        known = self.records.get((tenant_id, record.of.id))
        if known is None or known.events is None:
            self.records[tenant_id, record.of.id] = record

    def enter(self, tenant_id: int, dated: Dated) -> None:
        """Keeps what one more request enters of days that are over."""
        before = self.dated.get(tenant_id)
        self.dated[tenant_id] = Dated(dated.closed_to, (*before.late, *dated.late)) if before else dated

    def forget(self) -> None:
        """What was read is to be read again."""
        self.ids.clear()
        self.taken.clear()
        self.records.clear()
        self.other.clear()


class TenantLookup:
    """What decisions for one tenant may ask. Nobody else's data can be named through it."""

    def __init__(self, known: Known, tenant: Tenant) -> None:
        self._known = known
        self._tenant_id = tenant.id

    def find(self, noun: str, name: str) -> Record[Any] | None:
        """The object that is called so, by its id or reference."""
        object_id = self.find_id(noun, name)
        return self._known.records[self._tenant_id, object_id] if object_id else None

    def find_id(self, noun: str, name: str) -> str | None:
        """The id of the object that is called so."""
        return self._known.ids[self._tenant_id, noun, name]

    def find_taken(self, noun: str, reference: str) -> Taken[Any] | None:
        """The object that has a reference already, as those before have left it."""
        object_id = self.find_id(noun, reference)
        if object_id is None:
            return None
        known, key = self._known, (self._tenant_id, object_id)
        read = known.taken[self._tenant_id, noun, reference]
        if read and read.record.of.id == object_id:
            return Taken(known.records.get(key, read.record), read.created_at)
        return Taken(known.records[key], known.written[key].created_at)

    def find_rules(self, noun: str, currency: str | None) -> PaymentRules | None:
        """The merchant's default rules for this kind of object in this currency."""
        if currency is None:
            return None
        rules: PaymentRules | None = self.answer(DefaultRules(noun, currency))
        return rules

    def answer(self, question: Question) -> Any:
        """What any other question was answered with."""
        return self._known.other[self._tenant_id, question]

    def knows(self, question: Question) -> bool:
        """Whether this question was asked for this group."""
        return (self._tenant_id, question) in self._known.other

    def record(self, object_id: str) -> Record[Any]:
        """The object with this id, which was read."""
        return self._known.records[self._tenant_id, object_id]

    def written_of(self, shape: type) -> Iterator[Record[Any]]:
        """Every object of a kind that those before in the group have made or changed."""
        for (tenant_id, _), written in self._known.written.items():
            if tenant_id == self._tenant_id and isinstance(written.after.of, shape):
                yield written.after

    def entries_of(self, owner_id: str) -> Iterator[Entry]:
        """The entries of its ledger that those before in the group have written, in order."""
        for entry in self._known.entries:
            if entry.tenant_id == self._tenant_id and entry.owner_id == owner_id:
                yield entry

    def records_of(self, shape: type) -> Iterator[Record[Any]]:
        """Every object of a kind that was read or made."""
        for (tenant_id, _), record in self._known.records.items():
            if tenant_id == self._tenant_id and isinstance(record.of, shape):
                yield record
