"""The shapes of commands that every kind of object has: a look at it, a change of it. What differs is said for one."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import UNSET, UnsetType, structs

from dues.commands.command import Command, Look, Modify, Outcome, Shown, to_shown_json
from dues.commands.kind import Kind
from dues.commands.known import TenantLookup
from dues.commands.ledger import AdjustmentNamed, PaidOf, find_adjustment, find_paid
from dues.commands.questions import Named
from dues.domain.adjustments import NewAdjustment
from dues.domain.entries import Cause
from dues.domain.etags import refuse_stale
from dues.domain.owners import adjust_owner, overwritten, update_owner
from dues.domain.records import Change, Record
from dues.domain.refusals import Refusal, not_found
from dues.ledger.store import ENTRIES_TO_WARN_OF, BalanceAt, BalanceThen
from dues.ledger.wire import entry_json
from dues.tenants.closed.store import CLOSED_DAYS
from dues.tenants.store import DefaultRules
from dues.work.questions import Question
from dues.work.work import Request

DecideChange = Callable[[Record[Any], Modify[Any], TenantLookup, Cause], Change[Any] | Refusal]
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
    more: Callable[[Modify[Any]], Iterable[Question]] = lambda wanted: (),
    answer: Callable[[Change[Any]], Record[Any] | Shown] = lambda change: change.after,
    warn: Callable[[Change[Any], Modify[Any], TenantLookup], str | None] = lambda change, wanted, lookup: None,
    as_of: Callable[[Modify[Any]], datetime | None] = lambda wanted: None,
) -> Command:
    """Changes one object as `decide` says. `more` is what that needs to know beside it; `warn` what the client should
    know of what was done; `as_of` of which time the entries are, where that is said."""

    def questions(request: Request[Modify[Any]]) -> Iterable[Question]:
        yield Named(kind, request.body.name, changes=True)
        yield from more(request.body)

    def decide_one(request: Request[Modify[Any]], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
        record = find_current(kind, lookup, request.body)
        if isinstance(record, Refusal):
            return record
        outcome = decide(record, request.body, lookup, cause)
        if isinstance(outcome, Refusal):
            return outcome
        told = as_of(request.body)
        warning = warn(outcome, request.body, lookup)
        return Outcome(answer(outcome), [outcome], warning, (record.of.id, told) if told else None)

    return Command(f"{kind.table}.{verb}", questions, decide_one)


def update_balance_owner(kind: Kind[Any]) -> Command:
    """PATCH of an account or a customer: change what is sent, clear what is null, leave the rest.

    What was paid after the time of a new balance is kept on top of it. Where no time is sent, the client is warned of
    payments that the new balance overwrites.
    """

    def more(wanted: Modify[Any]) -> Iterable[Question]:
        if isinstance(wanted.changes.currency, str):
            yield DefaultRules(kind.noun, wanted.changes.currency)
        if isinstance(wanted.changes.balance, int):
            yield _paid_of(kind, wanted)
        if wanted.changes.balance_as_of is not UNSET:
            yield CLOSED_DAYS

    def decide(record: Record[Any], wanted: Modify[Any], lookup: TenantLookup, cause: Cause) -> Change[Any] | Refusal:
        sent, paid = wanted.changes.currency, None
        if wanted.changes.balance_as_of is not UNSET:
            paid = find_paid(lookup, _paid_of(kind, wanted), record.of.id)
        rules = None if sent is UNSET else lookup.find_rules(kind.noun, sent)
        return update_owner(record, wanted.changes, rules, cause, paid)

    def warn(change: Change[Any], wanted: Modify[Any], lookup: TenantLookup) -> str | None:
        if (
            not change.entries
            or not isinstance(wanted.changes.balance, int)
            or wanted.changes.balance_as_of is not UNSET
        ):
            return None
        paid = find_paid(lookup, _paid_of(kind, wanted), change.after.of.id)
        if (found := overwritten(change, paid)) is None:
            return None
        currency, amount = found
        some = "" if paid.is_whole else f";of_last={ENTRIES_TO_WARN_OF}"
        return f"payments_overwritten;sum={amount};currency={currency}{some}"

    return change(kind, "update", decide, more=more, warn=warn, as_of=_as_of_of)


def _as_of_of(wanted: Modify[Any]) -> datetime | None:
    as_of: datetime | UnsetType = wanted.changes.balance_as_of
    return None if isinstance(as_of, UnsetType) else as_of


def _paid_of(kind: Kind[Any], wanted: Modify[Any]) -> PaidOf:
    return PaidOf(kind, wanted.name, _as_of_of(wanted))


def adjust_balance_owner(kind: Kind[Any]) -> Command:
    """A signed delta to the balance of an account or a customer, safe beside any other. Answers with its entry."""

    def named(wanted: Modify[NewAdjustment]) -> AdjustmentNamed | None:
        reference = wanted.changes.external_reference
        return None if reference is None else AdjustmentNamed(kind, wanted.name, reference)

    def more(wanted: Modify[NewAdjustment]) -> Iterable[Question]:
        if question := named(wanted):
            yield question

    def decide(
        record: Record[Any], wanted: Modify[NewAdjustment], lookup: TenantLookup, cause: Cause
    ) -> Change[Any] | Refusal:
        question = named(wanted)
        there = find_adjustment(lookup, question, record.of.id) if question else None
        return adjust_owner(record, wanted.changes, there, cause)

    def entry(change: Change[Any]) -> Shown:
        [entry] = change.entries
        return Shown(entry.id, entry_json(entry))

    return change(kind, "adjust", decide, more=more, answer=entry)


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
