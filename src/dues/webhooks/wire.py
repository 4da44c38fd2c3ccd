"""The JSON of a webhook endpoint."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from dues.domain.fields import says
from dues.domain.webhook_endpoints import Description, DisabledReason, EventTypes, Url, WebhookEndpoint


class WebhookEndpointBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A webhook endpoint as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `whe_…`.")]
    url: Url
    status: Annotated[Literal["enabled", "disabled"], says("Whether events are sent to it.")]
    created_at: Annotated[datetime, Meta(tz=True), says("When it was made: events from then on are sent.")]
    event_types: EventTypes | None = None
    description: Description | None = None
    disabled_reason: (
        Annotated[
            DisabledReason,
            says("`asked`: by you. `gone`: it answered 410. `failing`: nothing but failures for five days."),
        ]
        | None
    ) = None


def webhook_endpoint_body(endpoint: WebhookEndpoint) -> WebhookEndpointBody:
    """The endpoint as clients see it."""
    return WebhookEndpointBody(
        id=endpoint.id,
        url=endpoint.url,
        status="disabled" if endpoint.disabled_reason else "enabled",
        created_at=endpoint.created_at,
        event_types=endpoint.event_types,
        description=endpoint.description,
        disabled_reason=endpoint.disabled_reason,
    )


def webhook_endpoint_json(endpoint: WebhookEndpoint) -> bytes:
    """The endpoint's JSON, without its secret."""
    return msgspec.json.encode(webhook_endpoint_body(endpoint))
