"""What the API offers of webhook endpoints."""

from typing import Annotated, Any, Final, Literal

from dues.domain.webhook_endpoints import NewWebhookEndpoint, Resend, WebhookEndpointChanges
from dues.events.envelope import EnvelopeBody
from dues.lists.paging import page_shape
from dues.lists.query import OF_THIS_STATUS, FindingQuery, InTheirOrder, ListQuery
from dues.resources.doing import Answers, Changes, Creates
from dues.resources.listed import example_page
from dues.resources.noun import Noun
from dues.resources.webhook_endpoints.create import create_webhook_endpoints
from dues.resources.webhook_endpoints.delete import delete_webhook_endpoint
from dues.resources.webhook_endpoints.list_deliveries import list_deliveries
from dues.resources.webhook_endpoints.read import READ_WEBHOOK_ENDPOINTS
from dues.resources.webhook_endpoints.resend import RESEND
from dues.resources.webhook_endpoints.rotate_secret import rotate_secrets
from dues.resources.webhook_endpoints.send_event import SEND_TEST_EVENTS
from dues.resources.webhook_endpoints.store import WEBHOOK_ENDPOINTS, endpoint_of
from dues.resources.webhook_endpoints.update import update_webhook_endpoints
from dues.resources.webhook_endpoints.wire import DeletedBody, DeliveryBody, ResentBody, SecretWebhookEndpointBody
from dues.webhooks.wire import WebhookEndpointBody, webhook_endpoint_body


class WebhookEndpointQuery(FindingQuery, frozen=True, kw_only=True):
    """What webhook endpoints can be listed by."""

    order: InTheirOrder | None = None
    status: Annotated[Literal["enabled", "disabled"], OF_THIS_STATUS] | None = None


class DeliveryQuery(ListQuery, frozen=True, kw_only=True):
    """What deliveries can be listed by."""

    status: Annotated[Literal["succeeded", "pending", "failed"], OF_THIS_STATUS] | None = None


_EXAMPLE: Final[dict[str, Any]] = {
    "id": "whe_0Ue8xTh5zA9rM4bTnEg1w",
    "url": "https://example.com/webhooks",
    "status": "enabled",
    "created_at": "2026-01-05T08:30:00Z",
    "event_types": ["bill.paid", "obligation.amount_applied"],
}

_WITH_SECRET: Final[dict[str, Any]] = {**_EXAMPLE, "secret": "whsec_…"}

_TEST_EVENT: Final[dict[str, Any]] = {
    "id": "evt_0Ue8xTh5yB0sN5cUoFh2x",
    "type": "webhook_endpoint.test",
    "data": _EXAMPLE,
}

_DELIVERY: Final[dict[str, Any]] = {
    "event_id": "evt_0Ue8xQb7uV4nP2yMrXf6k",
    "event_type": "bill.paid",
    "status": "pending",
    "attempts": [{"at": "2026-01-05T08:30:00Z", "duration_ms": 41, "status": 503, "answer": "try again later"}],
    "next_attempt_at": "2026-01-05T08:30:05Z",
}

_NOUN: Final = Noun(
    noun="webhook_endpoint",
    named="The endpoint's id (`whe_…`).",
    tag="Webhook endpoints",
    body=WebhookEndpointBody,
    example=_EXAMPLE,
)

OPERATIONS: Final = (
    _NOUN.create(
        Creates(create_webhook_endpoints),
        NewWebhookEndpoint,
        {
            "payments and paid bills": {
                "url": "https://example.com/webhooks",
                "event_types": ["bill.paid", "obligation.amount_applied"],
            },
            "everything": {"url": "https://example.com/everything", "description": "Our own ledger"},
        },
        summary="Have events sent to a URL",
        description="From now on every event, or those of some types, is sent to it with POST, signed as Standard "
        "Webhooks say; at least once, and the events of each object in order. The answer has the secret that "
        "receivers verify signatures with, this once.",
        answer=SecretWebhookEndpointBody,
        example=_WITH_SECRET,
        problems=("too_many_webhook_endpoints",),
    ),
    _NOUN.list(
        WEBHOOK_ENDPOINTS,
        WebhookEndpointQuery,
        lambda row: webhook_endpoint_body(endpoint_of(row)),
        "Newest first, without their secrets.",
    ),
    _NOUN.retrieve(READ_WEBHOOK_ENDPOINTS, description="Without its secret."),
    _NOUN.update(
        update_webhook_endpoints,
        WebhookEndpointChanges,
        {"stop": {"status": "disabled"}, "go on": {"status": "enabled"}, "everything": {"event_types": None}},
        description="Only what is sent changes. One that was disabled and is enabled again is sent what it missed, as "
        "far as that is kept.",
    ),
    _NOUN.one(
        "DELETE",
        "",
        Answers(delete_webhook_endpoint),
        id="delete_webhook_endpoint",
        summary="Delete a webhook endpoint",
        description="With all that waits for it. Nothing more is sent, but for what is under way.",
        answer=DeletedBody,
        example={"id": _EXAMPLE["id"], "deleted": True},
    ),
    _NOUN.one(
        "POST",
        "/rotate_secret",
        Changes(rotate_secrets, conditional=False),
        id="rotate_webhook_secret",
        summary="Rotate the secret of a webhook endpoint",
        description="For 24 hours webhooks are signed with both secrets, so that receivers can change without missing "
        "any. It takes no body.",
        answer=SecretWebhookEndpointBody,
        example={**_WITH_SECRET, "old_secret_until": "2026-01-06T08:30:00Z"},
    ),
    _NOUN.one(
        "POST",
        "/test",
        Changes(SEND_TEST_EVENTS, conditional=False),
        id="test_webhook_endpoint",
        summary="Send a test event",
        description="Sends a `webhook_endpoint.test` to this endpoint alone, whatever types it is sent. It takes no "
        "body.",
        status=201,
        answer=EnvelopeBody,
        example=_TEST_EVENT,
        problems=("webhook_endpoint_disabled",),
        tagged=False,
    ),
    _NOUN.one(
        "GET",
        "/deliveries",
        Answers(list_deliveries),
        id="list_webhook_deliveries",
        summary="List what became of events at an endpoint",
        description="Newest event first, with every attempt: when, how it was answered, and what came back.",
        query=DeliveryQuery,
        answer=page_shape(
            DeliveryBody, "A page of deliveries, newest event first. `next_cursor` is there while `has_more`."
        ),
        example=example_page(_DELIVERY),
    ),
    _NOUN.one(
        "POST",
        "/resend",
        Changes(RESEND, conditional=False),
        id="resend_events",
        summary="Send events again",
        description="One event, those of a time (10,000 at most), or all whose attempts were used up; each object's in "
        "order. An endpoint has one such job at a time: what that covers is not begun twice.",
        body=Resend,
        bodies={
            "a time": {"since": "2026-01-05T08:00:00Z", "until": "2026-01-05T09:00:00Z"},
            "what failed": {"failed": True},
        },
        status=202,
        answer=ResentBody,
        example={"events": 1},
        problems=("event_not_found", "webhook_endpoint_disabled", "resend_under_way", "too_many_events"),
        tagged=False,
    ),
)
