"""What is sent of an event: its id, its type, and the object as it was in the transaction of the change."""

from typing import Annotated, Any

import msgspec
from msgspec import Struct

from dues.domain.fields import says
from dues.events.catalogue import EventType
from dues.events.store import Event


class EnvelopeBody(Struct, frozen=True, kw_only=True):
    """The body of a webhook."""

    id: Annotated[str, says("Its id, `evt_…`; the same however often it is sent.")]
    type: Annotated[EventType, says("What happened.")]
    data: Annotated[dict[str, Any], says("The object as it was then: the same JSON as the API gives.")]


def envelope(event: Event) -> bytes:
    """The body of a webhook. `data` is passed on as it was written."""
    return msgspec.json.encode({"id": event.id, "type": event.type, "data": msgspec.Raw(event.data.encode())})
