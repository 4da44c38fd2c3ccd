"""The server: puts everything together, runs it, and takes it apart again in order."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Final

import msgspec
import structlog
import uvicorn

from dues.db.database import Database
from dues.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from dues.db.statistics import keep_statistics
from dues.http.endpoints import Floor
from dues.http.front_door import FrontDoor
from dues.http.metrics import Metrics
from dues.http.protocol import Protocol
from dues.http.routes import routes
from dues.idempotency.purge import purge_for_ever
from dues.settings import LogLevel, Settings
from dues.tenants.authenticate import KeyRing
from dues.work.group_commit import GroupCommit

SHUTDOWN_SECONDS: Final = 20
"""How long requests under way may take after SIGTERM; longer than any statement."""

WATCH_SECONDS: Final = 0.5

_log = structlog.get_logger()


def listen(settings: Settings) -> socket.socket:
    """The listening socket. Raises OSError where the port is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((settings.host, settings.port))
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


def serve(settings: Settings, database_url: str, listener: socket.socket, embedded: EmbeddedPostgres | None) -> None:
    """Serves until SIGINT or SIGTERM, in this process or in `settings.workers` others."""
    if settings.workers == 1:
        _run_worker(settings, database_url, listener, embedded)
    else:
        _Supervisor(settings, database_url, listener, embedded).run()


def _run_worker(
    settings: Settings, database_url: str, listener: socket.socket, embedded: EmbeddedPostgres | None = None
) -> None:
    configure_logs(settings.log_level)
    # uvicorn stops on these signals, then sends them to itself once more; that must not end us half-way.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, database_url, listener, embedded))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows
        return None
    return uvloop.new_event_loop


async def _serve(
    settings: Settings, database_url: str, listener: socket.socket, embedded: EmbeddedPostgres | None
) -> None:
    async with application(settings, database_url) as app:
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            backlog=2048,
        )
        server = uvicorn.Server(config)
        watch = asyncio.create_task(_watch(server, embedded))
        await server.serve(sockets=[listener])
        watch.cancel()


@asynccontextmanager
async def application(settings: Settings, database_url: str) -> AsyncIterator[FrontDoor]:
    """The ASGI application on a database whose schema is current."""
    database = await Database.connect(database_url, settings.database_connections)
    counts = Metrics()
    writes = GroupCommit(database, observe=counts.observe_group)
    reads = GroupCommit(database, observe=counts.observe_group)
    floor = Floor(
        database=database,
        keys=KeyRing(database),
        writes=writes,
        reads=reads,
        docs_base=settings.docs_base,
        idempotency_retention=timedelta(hours=settings.idempotency_hours),
    )
    chores = [asyncio.create_task(chore(database)) for chore in (purge_for_ever, keep_statistics)]
    try:
        yield FrontDoor(routes(floor, counts), counts, settings.docs_base)
    finally:
        for chore in chores:
            chore.cancel()
        await writes.drain()
        await reads.drain()
        await database.close()


async def _watch(server: uvicorn.Server, embedded: EmbeddedPostgres | None) -> None:
    """Starts a dead embedded PostgreSQL again; ends a worker whose parent is gone."""
    parent = os.getppid()
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        if embedded:
            await asyncio.to_thread(_revive, embedded)
        if os.getppid() != parent and os.environ.get(_WORKER):
            server.should_exit = True


def _revive(embedded: EmbeddedPostgres) -> None:
    try:
        embedded.keep_running()
    except EmbeddedPostgresError as error:
        _log.error("database_does_not_start", reason=str(error))


_WORKER: Final = "_DUES_WORKER"


class _Supervisor:
    """Keeps `workers` processes on one socket until told to stop."""

    def __init__(
        self,
        settings: Settings,
        database_url: str,
        listener: socket.socket,
        embedded: EmbeddedPostgres | None,
    ) -> None:
        self._arguments = settings, database_url, listener
        self._embedded = embedded
        self._stopping = False
        self._workers: list[BaseProcess] = []

    def run(self) -> None:
        """Returns when all workers have ended."""
        configure_logs(self._arguments[0].log_level)
        os.environ[_WORKER] = "1"
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        self._workers = [self._start() for _ in range(self._arguments[0].workers)]
        while not self._stopping:
            signal.sigtimedwait((signal.SIGCHLD,), WATCH_SECONDS)
            if self._embedded:
                _revive(self._embedded)
            for position, worker in enumerate(self._workers):
                if not worker.is_alive() and not self._stopping:
                    _log.error("worker_died", exit_code=worker.exitcode)
                    self._workers[position] = self._start()
        for worker in self._workers:
            worker.join()

    def _start(self) -> BaseProcess:
        worker = get_context("spawn").Process(target=_run_worker, args=self._arguments)
        worker.start()
        return worker

    def _stop(self, *_: object) -> None:
        self._stopping = True
        for worker in self._workers:
            worker.terminate()


def configure_logs(level: LogLevel) -> None:
    """One line per event on standard error: JSON, or for people where it is a terminal."""
    numbers = {"debug": 10, "info": 20, "warning": 30, "error": 40}
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    with contextlib.suppress(AttributeError, ValueError):
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    if sys.stderr.isatty():
        structlog.configure(
            processors=[*shared, structlog.dev.ConsoleRenderer()],
            wrapper_class=structlog.make_filtering_bound_logger(numbers[level]),
            logger_factory=structlog.WriteLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )
    else:
        structlog.configure(
            processors=[*shared, structlog.processors.JSONRenderer(serializer=_to_json)],
            wrapper_class=structlog.make_filtering_bound_logger(numbers[level]),
            logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
            cache_logger_on_first_use=True,
        )


def _to_json(event: object, **_: object) -> bytes:
    return msgspec.json.encode(event)
