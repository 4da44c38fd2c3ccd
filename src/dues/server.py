"""The server: puts everything together, runs it, and takes it apart again in order."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import structlog
import uvicorn
import uvloop

from dues.application import application
from dues.cycles import look_seldom
from dues.db.archives.bases import BaseBackups
from dues.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from dues.draining import DrainingServer
from dues.handover import Offer, Taken, offer
from dues.http.client_address import parse_networks
from dues.http.connection import Connection
from dues.http.connections import Connections, connections_that_fit
from dues.logs import configure_logs
from dues.service_manager import FIRST_SOCKET, lends_a_socket, tell_ready, tell_stopping
from dues.settings import Settings
from dues.supervisor import is_orphan, report_that_it_serves, supervise

SHUTDOWN_SECONDS: Final = 15
"""How long requests under way may take once the port is closed; longer than any statement, and together with the
draining less than the half minute that orchestrators give."""

WATCH_SECONDS: Final = 0.5

_log = structlog.get_logger()


def listen(settings: Settings) -> socket.socket:
    """The listening socket: one that we were started with, or a new one. Raises OSError where the port is taken."""
    if lends_a_socket():
        return socket.socket(fileno=FIRST_SOCKET)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((settings.host, settings.port))
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


def serve(
    settings: Settings,
    database_url: str,
    listener: socket.socket,
    embedded: EmbeddedPostgres | None,
    taken: Taken | None = None,
) -> None:
    """Serves until SIGINT or SIGTERM, or until another server takes the port over; in this process, or in
    `settings.workers` others. `taken`: from whom the port was taken over."""
    configure_logs(settings.log_level)
    bases = BaseBackups(embedded.archive, embedded.cluster, database_url) if embedded and embedded.archive else None
    chore = partial(_look_after, embedded, bases) if embedded else None
    watch = Watch(listener, taken, chore)
    serves = partial(serve_here, settings, database_url, is_lent=lends_a_socket())
    try:
        if settings.workers > 1:
            supervise(partial(serves, listener), settings.workers, watch)
        else:
            serves(listener.dup(), watch)
    finally:
        if bases:
            bases.close()


class Watch:
    """What is looked after beside serving: a dead embedded PostgreSQL is started again, base backups are taken, and the
    port is handed over."""

    def __init__(self, listener: socket.socket, taken: Taken | None, chore: Callable[[], None] | None) -> None:
        self._listener = listener
        self._taken = taken
        self._chore = chore
        self._offer: Offer | None = None

    def serves(self) -> None:
        """This server serves now: whoever had the port before may go, and whoever comes next may have it."""
        if self._taken:
            self._taken.serves()
        self._offer = offer(self._listener)
        tell_ready()

    def look(self) -> bool:
        """Once more; whether another server serves in the place of this one."""
        if self._chore:
            self._chore()
        offered = self._offer  # looked at in a thread, while close() may take it away
        return offered is not None and offered.is_taken()

    def close(self) -> None:
        """This server ends; the port is the business of whoever serves on it, and of nobody else here."""
        tell_stopping()
        self._listener.close()
        if self._offer:
            self._offer.close()
            self._offer = None


def serve_here(
    settings: Settings, database_url: str, listener: socket.socket, watch: Watch | None = None, *, is_lent: bool
) -> None:
    """Serves in this process until it is told to stop. Whoever passes no `watch` looks after things elsewhere.

    `is_lent`: the port stays open when all is over, so that whoever comes then waits for the next server.
    """
    configure_logs(settings.log_level)
    # uvicorn stops on these signals, then sends them to itself once more; that must not end us half-way. One that
    # comes before uvicorn listens for it is remembered.
    stop_requested = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop_requested.set())
    look_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, database_url, listener, watch, stop_requested, is_lent))


async def _serve(
    settings: Settings,
    database_url: str,
    listener: socket.socket,
    watch: Watch | None,
    stop_requested: threading.Event,
    is_lent: bool,
) -> None:
    connections_max = connections_that_fit(settings.connections_max, settings.database_connections)
    async with application(settings, database_url) as (entrance, notifier):
        trusted = parse_networks(settings.trusted_proxies)
        connections = Connections(entrance, connections_max, settings.idle_seconds, trusted)
        server = DrainingServer(
            uvicorn_config(connections),
            connections,
            settings.drain_seconds,
            on_stopping=watch.close if watch else lambda: None,
            on_closing=notifier.close,  # nobody waits for events any longer, and so nobody for them
        )
        server.is_replaced = is_lent
        watching = asyncio.create_task(_watch(server, watch, stop_requested))
        await server.serve(sockets=[listener])
        watching.cancel()


def uvicorn_config(connections: Connections) -> uvicorn.Config:
    """uvicorn as dues uses it: for sockets, signals and stopping. What is said on a connection is our own."""
    return uvicorn.Config(
        # Not what uvicorn means by these two: it hands the one to each of the other, and calls neither itself.
        cast("Any", connections),
        http=cast("Any", Connection),
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        backlog=2048,
    )


async def _watch(server: DrainingServer, watch: Watch | None, stop_requested: threading.Event) -> None:
    """Looks after what `watch` is for; stops the server where it is told to or its supervisor is gone."""
    await server.serving.wait()
    if watch:
        watch.serves()
    else:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _replace, server)
        report_that_it_serves()
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        if watch is not None and await asyncio.to_thread(watch.look):
            _replace(server)
        server.should_exit |= stop_requested.is_set()
        if is_orphan():
            server.hurries = server.should_exit = True


def _replace(server: DrainingServer) -> None:
    """Another server has the port."""
    server.is_replaced = server.should_exit = True


def _look_after(embedded: EmbeddedPostgres, bases: BaseBackups | None) -> None:
    if bases:
        bases.look()
    try:
        embedded.keep_running()
    except EmbeddedPostgresError as error:
        _log.error("database_does_not_start", reason=str(error))
