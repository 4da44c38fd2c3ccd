"""The shapes of commands that every kind of object has: a look at it, a change of it. What differs is said for one."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from msgspec import UNSET, structs

from dues.commands.command import Command, Look, Modify, Outcome, Shown, to_shown_json
from dues.commands.kind import Kind
from dues.commands.known import TenantLookup
from dues.commands.questions import Named
from dues.domain.entries import Cause
from dues.domain.etags import refuse_stale
from dues.domain.owners import adjust_owner, update_owner
from dues.domain.records import Change, Record
from dues.domain.refusals import Refusal, not_found
from dues.ledger.store import BalanceAt, BalanceThen
from dues.ledger.wire import entry_json
from dues.tenants.store import DefaultRules
from dues.work.questions import Question
from dues.work.work import Request

DecideChange = Callable[[Record[Any], Any, TenantLookup, Cause], Change[Any] | Refusal]
"""From an object, what is to be done to it, what is known, and why, to what becomes of it."""


def find_current(kind: Kind[Any], lookup: TenantLookup, wanted: Modify[Any]) -> Record[Any] | Refusal:
    """The object that is to be changed, if it is there and still what the client saw."""
    record = lookup.find(kind.noun, wanted.name)
    if record is None:
        return not_found(kind.noun, wanted.name)
    return refuse_stale(wanted.if_match, partial(_json, kind, record)) or record


def change(
    kind: Kind[Any],
    verb: str,
    decide: DecideChange,
    *,
    more: Callable[[Any], Iterable[Question]] = lambda changes: (),
    answer: Callable[[Change[Any]], Record[Any] | Shown] = lambda change: change.after,
) -> Command:
    """Changes one object as `decide` says. `more` is what that needs to know beside it."""

    def questions(request: Request[Modify[Any]]) -> Iterable[Question]:
        yield Named(kind, request.body.name, changes=True)
        yield from more(request.body.changes)

    def decide_one(request: Request[Modify[Any]], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
        record = find_current(kind, lookup, request.body)
        if isinstance(record, Refusal):
            return record
        outcome = decide(record, request.body.changes, lookup, cause)
        return outcome if isinstance(outcome, Refusal) else Outcome(answer(outcome), [outcome])

    return Command(f"{kind.table}.{verb}", questions, decide_one)


def update_balance_owner(kind: Kind[Any]) -> Command:
    """PATCH of an account or a customer: change what is sent, clear what is null, leave the rest."""

    def rules(changes: Any) -> Iterable[Question]:
        if isinstance(changes.currency, str):
            yield DefaultRules(kind.noun, changes.currency)

    def decide(record: Record[Any], changes: Any, lookup: TenantLookup, cause: Cause) -> Change[Any] | Refusal:
        sent = changes.currency
        return update_owner(record, changes, None if sent is UNSET else lookup.find_rules(kind.noun, sent), cause)

    return change(kind, "update", decide, more=rules)


def adjust_balance_owner(kind: Kind[Any]) -> Command:
    """A signed delta to the balance of an account or a customer, safe beside any other. Answers with its entry."""

    def decide(record: Record[Any], new: Any, _lookup: TenantLookup, cause: Cause) -> Change[Any] | Refusal:
        return adjust_owner(record, new.amount, new.reason, cause)

    def entry(change: Change[Any]) -> Shown:
        [entry] = change.entries
        return Shown(entry.id, entry_json(entry))

    return change(kind, "adjust", decide, answer=entry)


def look(kind: Kind[Any]) -> Command:
    """Shows one object as it is, or with the balance that its ledger had at a time."""

    def questions(request: Request[Look]) -> Iterable[Question]:
        yield Named(kind, request.body.name)

    def further(request: Request[Look], lookup: TenantLookup) -> Iterable[Question]:
        if request.body.as_of and (object_id := lookup.find_id(kind.noun, request.body.name)):
            yield BalanceAt(kind.noun, object_id, request.body.as_of)

    def decide(request: Request[Look], lookup: TenantLookup, _cause: Cause) -> Outcome | Refusal:
        record = lookup.find(kind.noun, request.body.name)
        if record is None:
            return not_found(kind.noun, request.body.name)
        if request.body.as_of is None:
            return Outcome(record)
        then = lookup.answer(BalanceAt(kind.noun, record.of.id, request.body.as_of))
        return Outcome(_as_of(record, then))

    return Command(f"{kind.table}.read", questions, decide, further)


def _as_of(record: Record[Any], then: BalanceThen | None) -> Record[Any]:
    """The object with its balance of then; in its present currency where it tracked none."""
    if then is None or then.kind == "closing":
        return structs.replace(record, of=structs.replace(record.of, balance=None), default_rules=None)
    of = structs.replace(record.of, currency=then.currency, balance=then.balance)
    return structs.replace(record, of=of, default_rules=then.default_rules)


def _json(kind: Kind[Any], record: Record[Any]) -> bytes:
    return to_shown_json(kind.show(record))
