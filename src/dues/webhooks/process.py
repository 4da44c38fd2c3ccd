"""Delivery as one process does it: inside `dues serve`, or alone as `dues deliver`."""

import asyncio
from collections.abc import Callable

import structlog

from dues.db.database import Database
from dues.db.errors import Unavailable
from dues.events.horizon import Horizon
from dues.events.news import News
from dues.webhooks.deliver import Deliverer
from dues.webhooks.reach import Reach

CONNECTIONS_MAX = 6
"""Of its own, so that deliveries never wait for requests nor requests for them."""

_log = structlog.get_logger()


async def deliver_for_ever(
    url: str,
    news: News,
    *,
    allow_private: bool,
    observe: Callable[[bool, float], None] = lambda succeeded, seconds: None,
) -> None:
    """Delivers webhooks until cancelled."""
    # What is noted of deliveries need not survive a crash: then they are made again. So nothing waits for a disk.
    database = await _connect(url)
    try:
        await Deliverer(Reach(database, Horizon(database), news, allow_private, observe)).run()
    finally:
        await database.close()


async def _connect(url: str) -> Database:
    while True:
        try:
            return await Database.connect(url, CONNECTIONS_MAX, synchronous_commit="off")
        except Unavailable as error:
            _log.warning("delivery_postponed", reason=str(error))
            await asyncio.sleep(1)
