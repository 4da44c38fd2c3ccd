"""The server: puts everything together, runs it, and takes it apart again in order."""

import asyncio
import gc
import signal
import socket
import threading
from functools import partial
from typing import Any, Final, cast

import structlog
import uvicorn
import uvloop

from dues.application import application
from dues.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from dues.events.notifier import Notifier
from dues.http.client_address import parse_networks
from dues.http.connection import Connection
from dues.http.connections import Connections, connections_that_fit
from dues.logs import configure_logs
from dues.settings import Settings
from dues.supervisor import is_orphan, supervise

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
    if settings.workers > 1:
        configure_logs(settings.log_level)
        work = partial(serve_here, settings, database_url, listener)
        supervise(work, settings.workers, chore=partial(_revive, embedded) if embedded else None)
    else:
        serve_here(settings, database_url, listener, embedded)


def serve_here(
    settings: Settings, database_url: str, listener: socket.socket, embedded: EmbeddedPostgres | None = None
) -> None:
    """Serves in this process until SIGINT or SIGTERM. Whoever passes no `embedded` keeps it running elsewhere."""
    configure_logs(settings.log_level)
    # uvicorn stops on these signals, then sends them to itself once more; that must not end us half-way. One that
    # comes before uvicorn listens for it is remembered.
    stop_requested = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop_requested.set())
    # Requests leave next to nothing in cycles, so looking for cycles every 700 objects costs a twentieth for nothing.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, database_url, listener, embedded, stop_requested))


async def _serve(
    settings: Settings,
    database_url: str,
    listener: socket.socket,
    embedded: EmbeddedPostgres | None,
    stop_requested: threading.Event,
) -> None:
    connections_max = connections_that_fit(settings.connections_max, settings.database_connections)
    async with application(settings, database_url) as (entrance, notifier):
        trusted = parse_networks(settings.trusted_proxies)
        connections = Connections(entrance, connections_max, settings.idle_seconds, trusted)
        server = uvicorn.Server(uvicorn_config(connections))
        watch = asyncio.create_task(_watch(server, embedded, stop_requested, notifier))
        await server.serve(sockets=[listener])
        watch.cancel()


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


async def _watch(
    server: uvicorn.Server, embedded: EmbeddedPostgres | None, stop_requested: threading.Event, notifier: Notifier
) -> None:
    """Starts a dead embedded PostgreSQL again; stops the server where it is told to or its supervisor is gone."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        if embedded:
            await asyncio.to_thread(_revive, embedded)
        server.should_exit |= is_orphan() or stop_requested.is_set()
        if server.should_exit:
            notifier.close()  # nobody waits for events any longer, and so nobody for them


def _revive(embedded: EmbeddedPostgres) -> None:
    try:
        embedded.keep_running()
    except EmbeddedPostgresError as error:
        _log.error("database_does_not_start", reason=str(error))
