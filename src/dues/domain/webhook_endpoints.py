"""Webhook endpoints: where a merchant wants its events sent, and which."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from dues.domain.fields import Time, plain_text
from dues.domain.violations import Violation

DisabledReason = Literal["asked", "failing", "gone"]

EARLIEST_YEAR: Final = 1970
"""There is no id, and so no event, of a time before."""

ENDPOINTS_MAX: Final = 100
"""Of one merchant in one mode: every event may have to go to each of them."""

Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2048,
        description="Where to POST events to. In live mode it must be https.",
        extra={"rule": plain_text},
        extra_json_schema={"format": "uri", "example": "https://example.com/webhooks"},
    ),
]

Description = Annotated[
    str,
    Meta(
        max_length=255,
        description="What it is for, in your own words.",
        extra={"rule": plain_text},
        extra_json_schema={"example": "Ledger of the shop"},
    ),
]

EventTypes = Annotated[
    list[str],
    Meta(
        min_length=1,
        max_length=50,
        description="The types of event that are sent. Absent: all.",
        extra_json_schema={"example": ["bill.paid", "obligation.amount_applied"]},
    ),
]


class NewWebhookEndpoint(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An endpoint that is to be sent events."""

    url: Url
    event_types: EventTypes | None = None
    description: Description | None = None


class WebhookEndpointChanges(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to change of an endpoint. `null` for `event_types`: all of them."""

    url: Url | UnsetType = UNSET
    event_types: EventTypes | UnsetType | None = UNSET
    description: Description | UnsetType | None = UNSET
    status: (
        Annotated[
            Literal["enabled", "disabled"],
            Meta(description="`disabled`: nothing is sent. `enabled` again: it goes on where it was."),
        ]
        | UnsetType
    ) = UNSET


class Resend(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which events to send again: one of them, those of a time, or all that failed."""

    event: Annotated[str, Meta(min_length=1, max_length=255, description="The id of one event.")] | None = None
    since: Time | None = None
    until: Time | None = None
    failed: Annotated[bool, Meta(description="`true`: all whose attempts were used up without success.")] | None = None

    def cross_check(self) -> Iterator[Violation]:
        """Exactly one kind of choice."""
        chosen = [self.event is not None, self.since is not None, bool(self.failed)]
        if sum(chosen) != 1:
            yield Violation("", "choose_one", "must have exactly one of event, since and failed.")
        if self.until is not None and self.since is None:
            yield Violation("/until", "needs_since", "goes with since.")
        for pointer, time in (("/since", self.since), ("/until", self.until)):
            if time is not None and time.year < EARLIEST_YEAR:
                yield Violation(pointer, "too_early", f"must not be before {EARLIEST_YEAR}.")
        if self.since and self.until and self.until < self.since:
            yield Violation("/until", "before_since", "must not be before since.")


class WebhookEndpoint(Struct, frozen=True, kw_only=True):
    """An endpoint as it is kept, without its secrets."""

    id: str
    url: str
    event_types: list[str] | None
    description: str | None
    disabled_reason: DisabledReason | None
    created_at: datetime


def update_webhook_endpoint(old: WebhookEndpoint, changes: WebhookEndpointChanges) -> WebhookEndpoint:
    """The endpoint after a PATCH."""
    reason = old.disabled_reason
    if changes.status is not UNSET:
        reason = None if changes.status == "enabled" else reason or "asked"
    return structs.replace(
        old,
        url=old.url if changes.url is UNSET else changes.url,
        event_types=old.event_types if changes.event_types is UNSET else fold_types(changes.event_types),
        description=old.description if changes.description is UNSET else changes.description,
        disabled_reason=reason,
    )


def fold_types(given: Sequence[str] | None) -> list[str] | None:
    """Each type once, in the order in which they were first given: what is asked for twice is not sent twice."""
    return None if given is None else list(dict.fromkeys(given))


def refuse_types(given: Sequence[str] | UnsetType | None, known: Sequence[str]) -> str | None:
    """What is wrong with the types of event that are asked for, if anything is."""
    if not given:
        return None
    strangers = [name for name in given if name not in known]
    return f"has {strangers[0]!r}, which is no type of event. Known are: {', '.join(known)}." if strangers else None
