"""Writing for a group: each object's end state once, and all entries, events and answers, in one statement.

Objects come first, in one order of kinds and ids everywhere, then new ones, in one order of kinds and references:
whoever meets another process at an object or a reference waits there, and holds nothing yet that the other needs.
"""

from typing import Any

from msgspec import structs

from dues.audit.store import insert_audit
from dues.commands.command import ExtraEvent, Outcome, Shown, to_shown_json
from dues.commands.kind import Kind
from dues.commands.known import Known, Written
from dues.domain.entries import Entry
from dues.domain.ids import new_id
from dues.domain.records import Change, Record
from dues.events.catalogue import EventType
from dues.events.store import NewEvent, insert_events
from dues.idempotency.store import insert_answers
from dues.ledger.store import insert_entries
from dues.metadata.store import save_pairs
from dues.tenants.closed.store import check_closed, insert_late_entries
from dues.tenants.spending.store import insert_spendings
from dues.work.work import Request, Work


class Draft:
    """What one request changes, before those that come after know of it. `shown` is what it is answered with."""

    def __init__(self, work: Work, known: Known, request: Request[Any], outcome: Outcome) -> None:
        self._known, self._tenant, self._actor = known, request.tenant, request.actor
        self._now = work.now_of(request.tenant)
        self._written: dict[str, Written] = {}
        self._json: dict[str, bytes] = {}
        self._entries: list[Entry] = []
        self._events: list[NewEvent] = []
        for change in outcome.changes:
            if isinstance(change, ExtraEvent):
                self._tell(change)
            else:
                self._change(change)
        for written in self._written.values():
            told = written.after.events != _events_before(written)
            assert told == written.kind.has_events, "only its event's number tells of a rival"
        answer = outcome.answer
        if isinstance(answer, Shown):
            self.shown = answer
        else:
            self.shown = Shown(answer.of.id, self._json_of(answer), warning=outcome.warning)

    def _change(self, change: Change[Any]) -> None:
        """An object is made, or changed; nothing happens where it stays as it is."""
        after = change.after
        if change.before is not None and change.before.of == after.of:
            assert not change.entries, "who writes to the ledger of an object changes it"
            return
        kind = self._kind(after)
        json = self._json[after.of.id] = to_shown_json(kind.show(after))
        event_types = kind.event_types(change)
        assert after.events is not None, "who changes an object has read where its events end"
        self._written[after.of.id] = Written(
            kind, change.before, structs.replace(after, events=after.events + len(event_types)), self._now
        )
        self._entries += change.entries
        for number, event_type in enumerate(event_types, after.events + 1):
            self._event(event_type, after.of.id, number, json)

    def _tell(self, extra: ExtraEvent) -> None:
        """Something else is told of an object that this request makes or changes."""
        written = self._written[extra.object_id]
        assert written.after.events is not None
        number = written.after.events + 1
        written.after = structs.replace(written.after, events=number)
        self._event(extra.type, extra.object_id, number, extra.data)

    def _json_of(self, record: Record[Any]) -> bytes:
        """What clients see of an object."""
        return self._json.get(record.of.id) or to_shown_json(self._kind(record).show(record))

    def keep(self) -> None:
        """From here on it is so. It cannot fail half-way."""
        known, tenant_id = self._known, self._tenant.id
        for object_id, written in self._written.items():
            key, of = (tenant_id, object_id), written.after.of
            known.records[key] = written.after
            if (earlier := known.written.get(key)) is not None:
                earlier.after = written.after
                continue
            known.written[key] = written
            if written.before is None:
                if of.external_reference is not None:
                    known.ids[tenant_id, written.kind.noun, of.external_reference] = object_id
                known.ids[tenant_id, written.kind.noun, object_id] = object_id
        known.entries += self._entries
        known.events += self._events

    def _event(self, event_type: EventType, object_id: str, number: int, data: bytes) -> None:
        event_id = new_id("evt_", self._now)
        self._events.append(
            NewEvent(self._tenant.id, event_id, event_type, object_id, number, data.decode(), self._now, self._actor)
        )

    def _kind(self, record: Record[Any]) -> Kind[Any]:
        return self._known.kinds[type(record.of)]


def _events_before(written: Written) -> int | None:
    return written.before.events if written.before else 0


def write(work: Work, known: Known) -> None:
    """Puts off everything that the group has to write."""
    # First: whoever waits for somebody who closes days holds nothing yet.
    check_closed(work, known.dated)
    for kind in known.kinds.values():
        _save_objects(work, kind, known)
    # Not before all that is there already: whoever is cautious has locked that before it inserts anything.
    for kind in known.kinds.values():
        _insert_objects(work, kind, known)
    for (tenant_id, object_id), one in known.written.items():
        before = one.before.of.metadata if one.before else None
        save_pairs(work, tenant_id, object_id, before, one.after.of.metadata)
    insert_spendings(work, known.spendings)
    insert_entries(work, known.entries)
    insert_events(work, known.events)
    insert_late_entries(work, known.dated)
    insert_answers(work, known.answered)
    insert_audit(work, known.audited)


def _save_objects(work: Work, kind: Kind[Any], known: Known) -> None:
    changed = sorted(
        ((key, one) for key, one in known.written.items() if one.kind is kind and one.before is not None),
        key=lambda row: row[0],
    )
    if not changed:
        return
    saving = kind.saving((one.before.of, one.after.of) for _, one in changed if one.before)
    work.tx.write(saving.statement, [saving.row(key[0], one.after.of) for key, one in changed])
    for (tenant_id, _), one in changed:
        assert one.before
        _write_beside(work, kind, tenant_id, one.before.of, one.after.of)


def _insert_objects(work: Work, kind: Kind[Any], known: Known) -> None:
    # Their references are what another process may want too; their ids nobody else has.
    new = sorted(
        ((tenant_id, one) for (tenant_id, _), one in known.written.items() if one.kind is kind and one.before is None),
        key=lambda row: (row[0], row[1].after.of.external_reference or ""),
    )
    work.tx.write(kind.insert, [kind.inserted(tenant_id, one.after.of, one.created_at) for tenant_id, one in new])
    for tenant_id, one in new:
        _write_beside(work, kind, tenant_id, None, one.after.of)


def _write_beside(work: Work, kind: Kind[Any], tenant_id: int, old: Any, new: Any) -> None:
    for statement, row in kind.rows_beside(tenant_id, old, new):
        work.tx.write(statement, [row])
