"""What is noted of an attempt, and what it says of its endpoint."""

from datetime import datetime

import msgspec

from dues.events.store import Event
from dues.webhooks import schedule
from dues.webhooks.sending import Outcome
from dues.webhooks.store import Delivered, Health


def told_of(event: Event, outcome: Outcome, attempts: int, now: datetime) -> Delivered:
    """What is noted of an event after so many attempts, the last of which came out like this."""
    next_at = None if outcome.succeeded else schedule.next_attempt_at(attempts, now, outcome.retry_after)
    status = "succeeded" if outcome.succeeded else "pending" if next_at else "failed"
    attempt = {
        "at": now,
        "status": outcome.status,
        "error": outcome.error,
        "duration_ms": outcome.duration_ms,
        "answer": outcome.answer,
    }
    known = {name: value for name, value in attempt.items() if value is not None}
    return Delivered(event, status, msgspec.json.encode([known]).decode(), next_at)


def health_after(health: Health, outcome: Outcome, now: datetime) -> Health:
    """How an endpoint is after an attempt."""
    if outcome.succeeded:
        return Health()
    failures = health.failures + 1
    return Health(failures, health.failing_since or now, schedule.held_until(failures, now, outcome.retry_after))


def is_broken(health: Health) -> bool:
    """Whether an endpoint fails so often that only probes are sent to it."""
    return health.failures >= schedule.FAILURES_MAX


def is_hopeless(health: Health, now: datetime) -> bool:
    """Whether nothing but failures came of an endpoint for so long that it is given up."""
    return health.failing_since is not None and now - health.failing_since >= schedule.GIVE_UP_AFTER
