"""`dues work`: imports and exports, in a process of their own."""

import asyncio
import os
import signal
import uuid
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Annotated, Final

import typer
import uvloop

from dues.background import Job as BackgroundJob
from dues.background import run_jobs
from dues.books.verify import Finding, verify_tenant
from dues.cli.database import Data, database_of
from dues.cli.signals import stop_on_signals
from dues.cycles import look_seldom
from dues.db.database import Database
from dues.db.statistics import EVERY_SECONDS, analyze_outgrown
from dues.domain.tenants import Tenant
from dues.events.notifier import Notifier
from dues.http.exporting import KEPT
from dues.jobs.process import CarryOut, work_for_ever
from dues.jobs.store import Job
from dues.logs import configure_logs
from dues.resources.closings.folder import prepare as folders
from dues.resources.closings.folder.carry_out import FolderCarrier
from dues.resources.imports.carry_out import Carrier
from dues.resources.imports.dropped.watch import LOOK_SECONDS, DropFolder
from dues.resources.stored_exports import calls as exports
from dues.resources.stored_exports.carry_out import ExportCarrier
from dues.settings import Settings, read_settings

NICER: Final = 10
"""What a server has started gives way to it: nobody waits for a file as for an answer."""


def work(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End where there was nothing to do for some seconds.")
    ] = False,
    data: Data = None,
) -> None:
    """Carry out imports, those of the drop folder too, and exports, until Ctrl-C. `dues serve` does it as well.

    Any number may.
    """
    stop_on_signals()
    if until_idle and hasattr(os, "nice"):
        os.nice(NICER)
    settings = read_settings(data=data)
    configure_logs(settings.log_level)
    look_seldom()
    with database_of(settings) as (url, _), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings, url, until_idle))


async def _work(settings: Settings, url: str, until_idle: bool) -> None:
    database, this = await Database.connect(url, 4, settings.between), asyncio.current_task()
    assert this
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, this.cancel)
    notifier, holder = Notifier(database), uuid.uuid4().hex
    carry_out = carrying_out(database, holder, notifier.notify)
    # A server that has started this says itself what is odd about the folder.
    dropped = DropFolder(database, settings.dropping, tells=not until_idle) if settings.dropping else None
    with suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(notifier.run()),
                tasks.create_task(run_jobs(_beside(database, dropped))),
            ]
            is_busy = (lambda: dropped.is_busy) if dropped else (lambda: False)
            await work_for_ever(database, holder, carry_out, until_idle=until_idle, is_busy=is_busy)
            for task in beside:
                task.cancel()
    await database.close()


def carrying_out(
    database: Database, holder: str, committed: Callable[[Iterable[int]], None] = lambda tenants: None
) -> CarryOut:
    """What carries out a job of whatever kind."""
    imports = Carrier(database, holder, committed=committed)
    others: dict[str, ExportCarrier | FolderCarrier] = {
        exports.PREFIX: ExportCarrier(database, holder, KEPT),
        folders.PREFIX: FolderCarrier(database, holder, find_wrong_of),
    }

    def carry_out(job: Job) -> Awaitable[Job]:
        return others.get(f"{job.id.partition('_')[0]}_", imports).run(job)

    return carry_out


async def find_wrong_of(url: str, tenant: Tenant) -> list[Finding]:
    """All that is wrong with the books of a tenant."""
    return [finding async for finding in verify_tenant(url, tenant)]


def _beside(database: Database, dropped: DropFolder | None) -> list[BackgroundJob]:
    # What grows by a thousand rows at once is soon more than the planner knows of.
    statistics = BackgroundJob("statistics", EVERY_SECONDS, lambda: analyze_outgrown(database))
    return [statistics, *([BackgroundJob("drop folder", LOOK_SECONDS, dropped.look)] if dropped else [])]
