"""Delivery as one process does it: inside `dues serve`, or alone as `dues deliver`."""

from collections.abc import Callable
from functools import partial

from dues.background import Job, repeat
from dues.db.database import Database
from dues.db.pooler import Pooler
from dues.db.sessions import session_name
from dues.events.notifier import Notifier
from dues.events.watermark import Watermark
from dues.webhooks.context import DeliveryContext, Send
from dues.webhooks.dispatcher import Dispatcher
from dues.webhooks.outgoing import Outgoing

CONNECTIONS_MAX = 6
"""Of its own, so that deliveries never wait for requests nor requests for them."""


async def deliver_for_ever(
    url: str,
    pooler: Pooler,
    notifier: Notifier,
    outgoing: Outgoing,
    observe: Callable[[bool, float], None] = lambda succeeded, seconds: None,
    send: Send | None = None,
) -> None:
    """Delivers webhooks until cancelled."""
    # Again, where the database cannot be reached to begin with.
    await repeat(Job("delivery", 0.0, partial(_deliver, url, pooler, notifier, outgoing, observe, send)))


async def _deliver(
    url: str,
    pooler: Pooler,
    notifier: Notifier,
    outgoing: Outgoing,
    observe: Callable[[bool, float], None],
    send: Send | None,
) -> None:
    # What is noted of deliveries need not survive a crash: then they are made again. So nothing waits for a disk.
    name = session_name("delivers")
    database = await Database.connect(url, CONNECTIONS_MAX, pooler, application_name=name, synchronous_commit="off")
    try:
        await Dispatcher(DeliveryContext(database, Watermark(database), notifier, outgoing, observe, send=send)).run()
    finally:
        await database.close()
