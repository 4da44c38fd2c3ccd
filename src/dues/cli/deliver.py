"""`dues deliver`: webhooks, in a process of their own."""

import asyncio
import os
import signal
from contextlib import suppress

import uvloop

from dues.cli.database import Data, database_of
from dues.cli.signals import stop_on_signals
from dues.db.database import Database
from dues.events.notifier import Notifier
from dues.logs import configure_logs
from dues.settings import Settings, read_settings
from dues.tracing.wanted import is_wanted


def deliver(data: Data = None) -> None:
    """Deliver webhooks until Ctrl-C. `dues serve` does it too, unless DUES_WEBHOOKS=false; any number may."""
    stop_on_signals()
    settings = read_settings(data=data)
    is_wanted(os.environ)  # and possible; before anything is started
    configure_logs(settings.log_level)
    with database_of(settings) as (url, _), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_deliver(settings, url))


async def _deliver(settings: Settings, url: str) -> None:
    # Here, and not above: it imports aiohttp, which takes longer than most commands run.
    from dues.tracing.parts import parts_of
    from dues.webhooks.process import deliver_for_ever

    parts = parts_of(os.environ)
    database = await Database.connect(url, 2, settings.between)
    notifier, this = Notifier(database), asyncio.current_task()
    assert this
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, this.cancel)
    print("dues delivers webhooks; Ctrl-C stops it.", flush=True)
    # A group, because it waits for all of it to end: what is cancelled again while it ends leaves connections behind.
    with suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(notifier.run())
            tasks.create_task(deliver_for_ever(url, settings.between, notifier, settings.outgoing, send=parts.send))
    await database.close()
    await parts.aclose()
