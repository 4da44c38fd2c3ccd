"""The application: everything that answers and works in one process, put together on one database."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog

from dues.background import Job, ObservePurge, run_jobs
from dues.commands.carry_out import Group
from dues.db.archives.watch import EVERY_SECONDS as ARCHIVE_SECONDS
from dues.db.archives.watch import Said, watch_archive
from dues.db.database import Database
from dues.db.durability import what_is_not_waited_for
from dues.db.errors import Transient
from dues.db.installation import find_installation
from dues.db.sessions import session_name
from dues.db.statistics import EVERY_SECONDS, analyze_outgrown
from dues.events.feed import Feed
from dues.events.lag import feed_lag
from dues.events.notifier import Notifier
from dues.events.retention.purge import event_retention
from dues.events.watermark import Watermark
from dues.http.context import Context
from dues.http.cors import Cors, parse_origins
from dues.http.entrance import Entrance
from dues.http.metrics import Metrics
from dues.http.pools import pools_job
from dues.http.route_table import RouteTable
from dues.http.routes import STREAMING, routes
from dues.idempotency.retention import answer_retention
from dues.jobs.process import Worker
from dues.jobs.retention import job_retention
from dues.lists.turns import Turns
from dues.logs import request_log
from dues.mails.server import MailServer
from dues.pages.paper import Printer
from dues.resources.bills.overdue.tell import overdue_job
from dues.resources.checkouts.adapters.adapter import Services
from dues.resources.checkouts.bring import Submit, asking_job
from dues.resources.imports.dropped.watch import DropFolder
from dues.resources.kinds import KINDS
from dues.settings import Settings
from dues.tenants.authenticate import KeyRing
from dues.tenants.guesses import Guesses
from dues.tenants.spending.retention import spending_retention
from dues.tenants.uses.key_uses import key_uses
from dues.tracing.parts import Parts, parts_of
from dues.webhooks.backlog.watch import delivery_backlog
from dues.webhooks.context import Send
from dues.webhooks.retention.purge import delivery_retention
from dues.work.in_order import InOrder

LIST_SECONDS: Final = 5
"""A list that reads off an index takes milliseconds. One that takes so long would only keep others waiting."""

WATCH_SECONDS: Final = 15.0
"""As often as Prometheus usually asks."""


_log = structlog.get_logger()


@asynccontextmanager
async def application(settings: Settings, database_url: str) -> AsyncIterator[tuple[Entrance, Notifier]]:
    """The front door on a database whose schema is current, and what wakes those who wait for events in it."""
    # Commits, and looks at one object, have connections that nothing which may take long can have.
    for_lists = max(1, 2 * settings.database_connections // 5)
    parts = parts_of(os.environ, settings.path_prefix)
    commits, database = await _pools(settings, parts, database_url, for_lists)
    counts = Metrics()
    notifier, watermark = Notifier(database), Watermark(database)
    group = Group(KINDS, timedelta(hours=settings.idempotency_hours))
    group_commit = partial(parts.group_commit, commits, group.carry_out, observe=counts.observe_group)
    writes = group_commit(
        groups_max=2 if settings.cells == 1 else max(2, settings.database_connections - for_lists - 3),
        committed=lambda tenants: notifier.notify(tenant.id for tenant in tenants),
        conflicted=counts.observe_conflict,
    )
    context = Context(
        database=database,
        keys=KeyRing(commits, Guesses(counts.observe_guess)),
        writes=writes,
        reads=group_commit(),
        batches=InOrder(writes, group.carry_out_in_order),
        observe_line=counts.observe_line,
        docs_base=settings.docs_url,
        public_url=settings.public_url,
        lists=Turns(database),
        feed=Feed(database, watermark, notifier),
        outgoing=settings.outgoing,
        files_kept=timedelta(days=settings.file_days),
        printer=Printer(settings.font_paths),
    )
    worker = _worker(settings, database, database_url)
    rounds = [
        *jobs(settings, database, counts.observe_purge),
        *watching({"groups": commits, "lists": database}, database, watermark, counts),
        overdue_job(database, writes.submit),
        asking_job(Services(database, settings.outgoing.secret_keys), writes.submit),
        *_mailing(settings, database, writes.submit, context),
        key_uses(database, context.keys.uses),
        worker.job,
        *([archive_watch(database, counts)] if settings.archive else []),
    ]
    background = [asyncio.create_task(work) for work in (run_jobs(rounds), notifier.run())]
    if settings.webhooks:
        delivery = _delivery(settings, database_url, notifier, counts, parts.send)
        background.append(asyncio.create_task(delivery))
    try:
        log, cors = request_log(settings.log_level), _cors(settings)
        table = RouteTable(routes(context, counts), settings.docs_url, settings.path_prefix, STREAMING)
        yield parts.entrance(table, counts, settings.docs_url, log, cors, context.stopping), notifier
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await asyncio.gather(writes.drain(), context.reads.drain(), worker.close())
        with suppress(Transient):
            await context.keys.uses.write(commits)
        await commits.close()
        await database.close()
        await parts.aclose()


def _worker(settings: Settings, database: Database, url: str) -> Worker:
    dropped = DropFolder(database, settings.dropping) if settings.dropping else None
    return Worker(database, None if settings.database_url else url, dropped.is_wanted if dropped else None)


def _mailing(settings: Settings, database: Database, submit: Submit, context: Context) -> list[Job]:
    server = MailServer.parse(settings.mail_url, settings.mail_from)
    if server is None or not settings.mails:
        return []
    # Here, and not above: a server that sends no mail need not wait for what it takes.
    from dues.mails.post import Post, mailing_job

    return [mailing_job(Post(database, submit, server, context.printer, settings.outgoing))]


def _cors(settings: Settings) -> Cors | None:
    origins = parse_origins(settings.cors_origins)
    return Cors(origins) if origins else None


async def _pools(settings: Settings, parts: Parts, url: str, for_lists: int) -> tuple[Database, Database]:
    between, session = settings.between, {"application_name": session_name("serves")}
    commits = await parts.connect(url, settings.database_connections - for_lists, between, **session)
    if reason := await what_is_not_waited_for(commits):
        _log.warning("commits_do_not_wait", reason=reason)
    database = await parts.connect(url, for_lists, between, statement_timeout=f"{LIST_SECONDS}s", **session)
    return commits, database


def _delivery(
    settings: Settings, url: str, notifier: Notifier, counts: Metrics, send: Send | None
) -> Coroutine[Any, Any, None]:
    # Here, and not above: it imports aiohttp, which a server that delivers nothing need not wait for.
    from dues.webhooks.process import deliver_for_ever

    return deliver_for_ever(url, settings.between, notifier, settings.outgoing, counts.observe_delivery, send)


def watching(pools: Mapping[str, Database], database: Database, watermark: Watermark, counts: Metrics) -> list[Job]:
    """What is looked at again and again for whoever watches the server."""

    async def look_at_installation() -> None:
        counts.facts.observe_installation(await find_installation(database))

    return [
        pools_job(pools, counts.observe_pool),
        feed_lag(database, watermark, counts.observe_feed_lag),
        delivery_backlog(database, watermark, counts.facts.observe_backlog),
        Job("state of the installation", WATCH_SECONDS, look_at_installation),
    ]


def archive_watch(database: Database, counts: Metrics) -> Job:
    """Sees whether the archive gets what it should."""
    return Job("archive", ARCHIVE_SECONDS, partial(watch_archive, database, counts.observe_archive_lag, Said()))


def jobs(settings: Settings, database: Database, observe: ObservePurge) -> list[Job]:
    """What is done again and again beside the requests."""
    kept = timedelta(days=settings.event_days)
    return [
        Job("statistics", EVERY_SECONDS, partial(analyze_outgrown, database)),
        answer_retention(database, observe),
        spending_retention(database),
        event_retention(database, kept, observe),
        delivery_retention(database, kept, observe),
        job_retention(database),
    ]
