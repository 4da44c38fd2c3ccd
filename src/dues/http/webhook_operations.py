"""The operations on webhook endpoints, as people are told of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dues.domain.webhook_endpoints import NewWebhookEndpoint, Resend, WebhookEndpointChanges
from dues.events.envelope import EnvelopeBody
from dues.http.event_examples import (
    DELIVERY,
    EVENT_REQUESTS,
    NEW_WEBHOOK_ENDPOINT,
    TEST_EVENT,
    WEBHOOK_ENDPOINT,
)
from dues.http.examples import page_of
from dues.http.operation import PAGE, Operation, query
from dues.http.pages import DeliveryListBody, WebhookEndpointListBody
from dues.resources.webhook_endpoints.wire import DeletedBody, ResentBody, SecretWebhookEndpointBody
from dues.webhooks.wire import WebhookEndpointBody

_ENDPOINT: Final = ("webhook_endpoint", "The endpoint's id (`whe_…`).")
_PATH: Final = "/billing/webhook_endpoints"
_ONE: Final = _PATH + "/{webhook_endpoint}"


def _status(*values: str) -> dict[str, Any]:
    return query("status", "Only those of this status.", {"type": "string", "enum": list(values)})


def _on_endpoint(
    operation_id: str,
    summary: str,
    description: str,
    answer: type,
    example: Mapping[str, Any],
    *,
    status: int = 200,
    request: type | None = None,
    problems: Sequence[str] = (),
    conditional: bool = False,
    tagged: bool = False,
    parameters: Sequence[dict[str, Any]] = (),
) -> Operation:
    return Operation(
        id=operation_id,
        tag="Webhook endpoints",
        summary=summary,
        description=description,
        status=status,
        answer=answer,
        example=example,
        problems=("webhook_endpoint_not_found", *problems),
        request=request,
        request_examples=EVENT_REQUESTS.get(operation_id, {}),
        parameter=_ENDPOINT,
        conditional=conditional,
        tagged=tagged,
        query=list(parameters),
    )


WEBHOOK_OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("POST", _PATH): Operation(
        id="create_webhook_endpoint",
        tag="Webhook endpoints",
        summary="Have events sent to a URL",
        description="From now on every event, or those of some types, is sent to it with POST, signed as Standard "
        "Webhooks say; at least once, and the events of each object in order. The answer has the secret that "
        "receivers verify signatures with, this once.",
        status=201,
        answer=SecretWebhookEndpointBody,
        example=NEW_WEBHOOK_ENDPOINT,
        problems=("too_many_webhook_endpoints",),
        request=NewWebhookEndpoint,
        request_examples=EVENT_REQUESTS["create_webhook_endpoint"],
    ),
    ("GET", _PATH): Operation(
        id="list_webhook_endpoints",
        tag="Webhook endpoints",
        summary="List webhook endpoints",
        description="Newest first, without their secrets.",
        status=200,
        answer=WebhookEndpointListBody,
        example=page_of(WEBHOOK_ENDPOINT),
        query=[*PAGE, _status("enabled", "disabled")],
    ),
    ("GET", _ONE): _on_endpoint(
        "retrieve_webhook_endpoint",
        "Retrieve a webhook endpoint",
        "Without its secret.",
        WebhookEndpointBody,
        WEBHOOK_ENDPOINT,
        conditional=True,
    ),
    ("PATCH", _ONE): _on_endpoint(
        "update_webhook_endpoint",
        "Update a webhook endpoint",
        "Only what is sent changes. One that was disabled and is enabled again is sent what it missed, as far as that "
        "is kept.",
        WebhookEndpointBody,
        WEBHOOK_ENDPOINT,
        request=WebhookEndpointChanges,
        conditional=True,
        tagged=True,
    ),
    ("DELETE", _ONE): _on_endpoint(
        "delete_webhook_endpoint",
        "Delete a webhook endpoint",
        "With all that waits for it. Nothing more is sent, but for what is under way.",
        DeletedBody,
        {"id": WEBHOOK_ENDPOINT["id"], "deleted": True},
    ),
    ("POST", _ONE + "/rotate_secret"): _on_endpoint(
        "rotate_webhook_secret",
        "Rotate the secret of a webhook endpoint",
        "For 24 hours webhooks are signed with both secrets, so that receivers can change without missing any. It "
        "takes no body.",
        SecretWebhookEndpointBody,
        {**NEW_WEBHOOK_ENDPOINT, "old_secret_until": "2026-01-06T08:30:00Z"},
        tagged=True,
    ),
    ("POST", _ONE + "/test"): _on_endpoint(
        "test_webhook_endpoint",
        "Send a test event",
        "Sends a `webhook_endpoint.test` to this endpoint alone, whatever types it is sent. It takes no body.",
        EnvelopeBody,
        TEST_EVENT,
        status=201,
        problems=("webhook_endpoint_disabled",),
    ),
    ("GET", _ONE + "/deliveries"): _on_endpoint(
        "list_webhook_deliveries",
        "List what became of events at an endpoint",
        "Newest event first, with every attempt: when, how it was answered, and what came back.",
        DeliveryListBody,
        page_of(DELIVERY),
        parameters=[*PAGE, _status("succeeded", "pending", "failed")],
    ),
    ("POST", _ONE + "/resend"): _on_endpoint(
        "resend_events",
        "Send events again",
        "One event, those of a time (10,000 at most), or all whose attempts were used up; each object's in order.",
        ResentBody,
        {"events": 1},
        status=202,
        request=Resend,
        problems=("event_not_found", "webhook_endpoint_disabled", "too_many_events"),
    ),
}
