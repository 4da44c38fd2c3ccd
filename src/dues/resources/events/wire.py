"""The JSON of an event in the feed: what a webhook sends, and its place among the events of its object."""

from datetime import datetime
from typing import Annotated, cast

from msgspec import Meta, Raw

from dues.domain.fields import ACTOR, says
from dues.events.catalogue import EventType
from dues.events.envelope import EnvelopeBody
from dues.events.store import Event


class EventBody(EnvelopeBody, frozen=True, kw_only=True, omit_defaults=True):
    """An event as clients see it."""

    object_id: Annotated[str, says("The id of the object that it is about.")]
    sequence: Annotated[int, says("Its number among the events of its object: 1, 2, 3 …"), Meta(ge=1)]
    created_at: Annotated[datetime, Meta(tz=True), says("When it happened.")]
    actor: Annotated[str, ACTOR] | None = None


def event_body(event: Event) -> EventBody:
    """The event as clients see it."""
    return EventBody(
        id=event.id,
        type=cast(EventType, event.type),
        data=cast("dict[str, object]", Raw(event.data.encode())),
        object_id=event.object_id,
        sequence=event.sequence,
        created_at=event.created_at,
        actor=event.actor,
    )
