"""Watches how far deliveries are behind: what is due at endpoints that work, and since when."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final, get_args

from dues.background import Job
from dues.db.database import Database
from dues.events.catalogue import EventType
from dues.events.watermark import Watermark
from dues.tenants.store import list_cells
from dues.webhooks.backlog.due import Due, find_due

EVERY_SECONDS: Final = 15.0
"""As often as Prometheus usually asks."""


def delivery_backlog(database: Database, watermark: Watermark, observe: Callable[[Due], None]) -> Job:
    """The job that looks, and tells `observe` what waits in all cells together."""
    return Job("backlog of deliveries", EVERY_SECONDS, partial(watch, database, watermark, observe))


async def watch(database: Database, watermark: Watermark, observe: Callable[[Due], None]) -> None:
    """Looks once."""
    now, types = datetime.now(UTC), get_args(EventType)
    found = [
        await find_due(database, cell, now, types, await watermark.stable_position(cell))
        for cell in await list_cells(database)
    ]
    observe(
        Due(
            working=sum(one.working for one in found),
            failing=sum(one.failing for one in found),
            due=sum(one.due for one in found),
            lag_seconds=max((one.lag_seconds for one in found), default=0.0),
        )
    )
