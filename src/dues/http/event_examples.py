"""The examples of the API's documentation on events and webhook endpoints."""

from typing import Any, Final

from dues.http.examples import BILL

EVENT: Final[dict[str, Any]] = {
    "id": "evt_0Ue8xQb7uV4nP2yMrXf6k",
    "type": "bill.created",
    "data": BILL,
    "object_id": BILL["id"],
    "sequence": 1,
    "created_at": "2026-01-05T08:30:00Z",
}

WEBHOOK_ENDPOINT: Final[dict[str, Any]] = {
    "id": "whe_0Ue8xTh5zA9rM4bTnEg1w",
    "url": "https://example.com/webhooks",
    "status": "enabled",
    "created_at": "2026-01-05T08:30:00Z",
    "event_types": ["bill.paid", "obligation.amount_applied"],
}

NEW_WEBHOOK_ENDPOINT: Final[dict[str, Any]] = {
    **WEBHOOK_ENDPOINT,
    "secret": "whsec_…",
}

TEST_EVENT: Final[dict[str, Any]] = {
    "id": "evt_0Ue8xTh5yB0sN5cUoFh2x",
    "type": "webhook_endpoint.test",
    "data": WEBHOOK_ENDPOINT,
}

DELIVERY: Final[dict[str, Any]] = {
    "event_id": "evt_0Ue8xQb7uV4nP2yMrXf6k",
    "event_type": "bill.paid",
    "status": "pending",
    "attempts": [
        {"at": "2026-01-05T08:30:00Z", "duration_ms": 41, "status": 503, "answer": "try again later"},
    ],
    "next_attempt_at": "2026-01-05T08:30:05Z",
}

EVENT_REQUESTS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "create_webhook_endpoint": {
        "payments and paid bills": {
            "url": "https://example.com/webhooks",
            "event_types": ["bill.paid", "obligation.amount_applied"],
        },
        "everything": {"url": "https://example.com/everything", "description": "Our own ledger"},
    },
    "update_webhook_endpoint": {"everything": {"event_types": None}, "stop": {"status": "disabled"}},
    "resend_events": {
        "a time": {"since": "2026-01-05T08:00:00Z", "until": "2026-01-05T09:00:00Z"},
        "what failed": {"failed": True},
    },
}
