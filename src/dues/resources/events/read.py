"""GET /billing/events/{event}: one event, by its id."""

from collections.abc import Iterable

from dues.commands.command import Command, Look, Outcome, Shown, to_shown_json
from dues.commands.known import TenantLookup
from dues.domain.entries import Cause
from dues.domain.refusals import Refusal
from dues.events.store import Event, EventNamed
from dues.resources.events.wire import event_body
from dues.work.questions import Question
from dues.work.work import Request


def _questions(request: Request[Look]) -> Iterable[Question]:
    yield EventNamed(request.body.name)


def _show(request: Request[Look], lookup: TenantLookup, _cause: Cause) -> Outcome | Refusal:
    event: Event | None = lookup.answer(EventNamed(request.body.name))
    if event is None:
        return Refusal("event_not_found", f"There is no event {request.body.name!r}, or it is no longer kept.")
    return Outcome(Shown(event.id, to_shown_json(event_body(event))))


READ_EVENTS = Command("events.read", _questions, _show)
