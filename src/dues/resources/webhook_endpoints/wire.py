"""The JSON of what the API answers about webhook endpoints."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from dues.db.transaction import Row
from dues.domain.fields import says
from dues.webhooks.wire import WebhookEndpointBody

Time = Annotated[datetime, Meta(tz=True)]


class SecretWebhookEndpointBody(WebhookEndpointBody, frozen=True, kw_only=True, omit_defaults=True):
    """A webhook endpoint, and the secret that its webhooks are signed with, shown this once."""

    secret: Annotated[str, says("`whsec_…`: what receivers verify signatures with. Shown this once.")]
    old_secret_until: Annotated[Time, says("Until then the old secret signs as well.")] | None = None


class DeletedBody(Struct, frozen=True, kw_only=True):
    """What was deleted."""

    id: Annotated[str, says("Its id.")]
    deleted: Annotated[bool, says("Always true: it is gone.")] = True


class ResentBody(Struct, frozen=True, kw_only=True):
    """How many events will be sent again."""

    events: Annotated[int, says("How many. Where it is 10,000 there may be more: ask again."), Meta(ge=0)]


class AttemptBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One attempt to deliver an event."""

    at: Annotated[Time, says("When it was made.")]
    duration_ms: Annotated[int, says("How long it took.")]
    status: Annotated[int, says("The HTTP status of the answer, if there was one.")] | None = None
    error: Annotated[str, says("Why there was no answer, or none that counts.")] | None = None
    answer: Annotated[str, says("The first kilobyte of the answer.")] = ""


class DeliveryBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of an event at an endpoint."""

    event_id: Annotated[str, says("The event.")]
    event_type: Annotated[str, says("Its type.")]
    status: Annotated[
        Literal["succeeded", "pending", "failed"],
        says("`pending`: it is tried again. `failed`: all attempts were used up."),
    ]
    attempts: Annotated[list[AttemptBody], says("Every attempt, the last 50 at most.")]
    next_attempt_at: Annotated[Time, says("When it is tried again.")] | None = None


def delivery_body(row: Row) -> DeliveryBody:
    """The delivery as clients see it."""
    return DeliveryBody(
        event_id=row["event_id"],
        event_type=row["event_type"],
        status=row["status"],
        attempts=msgspec.json.decode(row["attempts"], type=list[AttemptBody]),
        next_attempt_at=row["next_attempt_at"],
    )
