"""What all deliveries of a process share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, get_args

from dues.db.database import Database
from dues.events.catalogue import EventType
from dues.events.notifier import Notifier
from dues.events.store import Event
from dues.events.watermark import Watermark
from dues.webhooks.leases.store import Lease
from dues.webhooks.outcome import Outcome
from dues.webhooks.outgoing import Outgoing
from dues.webhooks.places import Places

Send = Callable[[Lease, Event, dict[str, str], Callable[[], Awaitable[Outcome]]], Awaitable[Outcome]]
"""Makes an attempt to deliver, given its headers (to which it may add some) and what sends them."""

IN_FLIGHT_MAX: Final = 256
"""Requests under way to all endpoints of a process."""

LEASES_MAX: Final = 500
"""Endpoints that a process delivers to at a time."""


@dataclass(frozen=True, eq=False)
class DeliveryContext:
    """Made once for a process. `observe` is told of each attempt: whether it succeeded, and its seconds; `send` makes
    it, where it is not just made."""

    database: Database
    watermark: Watermark
    notifier: Notifier
    outgoing: Outgoing
    observe: Callable[[bool, float], None] = lambda succeeded, seconds: None
    places: Places = field(default_factory=lambda: Places(IN_FLIGHT_MAX))
    leases_max: int = LEASES_MAX
    send: Send | None = None
    types: tuple[str, ...] = get_args(EventType)
