"""What a process needs to deliver."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, get_args

from dues.db.database import Database
from dues.events.catalogue import EventType
from dues.events.horizon import Horizon
from dues.events.news import News

IN_FLIGHT_MAX: Final = 256
"""Requests under way to all endpoints of a process."""


@dataclass(frozen=True, eq=False)
class Reach:
    """Shared by all couriers of a process."""

    database: Database
    horizon: Horizon
    news: News
    allow_private: bool
    observe: Callable[[bool, float], None] = lambda succeeded, seconds: None
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT_MAX))
    types: tuple[str, ...] = get_args(EventType)
