"""How far the feed is behind, and whom it waits for: a transaction that writes events and does not end stops it."""

import time
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog
from msgspec import Struct

from dues.background import Job
from dues.db.database import Database
from dues.events import store
from dues.events.watermark import Watermark

EVERY_SECONDS: Final = 5.0

LAG_SECONDS_MAX: Final = 10.0
"""Ours end within seconds. What takes longer is somebody at a prompt, or a program that hangs."""

SAY_EVERY_SECONDS: Final = 60.0

_log = structlog.get_logger()


class Said(Struct):
    """When it was last said whom the feed waits for."""

    at: float = float("-inf")


def feed_lag(database: Database, watermark: Watermark, observe: Callable[[float], None]) -> Job:
    """The job that looks, tells `observe` by how many seconds the feed is behind, and says in the log for whom."""
    return Job("lag of the feed", EVERY_SECONDS, partial(watch, database, watermark, observe, Said()))


async def watch(database: Database, watermark: Watermark, observe: Callable[[float], None], said: Said) -> None:
    """Looks once. It is said once a minute, for as long as it lasts."""
    await watermark.look()
    lag = watermark.lag_seconds
    observe(lag)
    now = time.monotonic()
    if lag < LAG_SECONDS_MAX or now - said.at < SAY_EVERY_SECONDS:
        return
    said.at = now
    for writer in await database.rows(store.FIND_OLDEST_WRITERS):
        age = writer["age_seconds"]
        _log.warning(
            "feed_held_up",
            lag_seconds=round(lag, 1),
            pid=writer["pid"],
            application=writer["application_name"],
            state=writer["state"],
            transaction_seconds=age and round(age, 1),
        )
