"""What the server listens on, and when it is told to stop."""

import asyncio
import os
import socket
import threading

import pytest

from dues import server
from dues.draining import DrainingServer
from dues.http.connections import Connections
from dues.http.entrance import Entrance
from dues.http.metrics import Metrics
from dues.http.route_table import RouteTable
from dues.server import uvicorn_config
from dues.service_manager import FIRST_SOCKET, lends_a_socket
from dues.settings import Settings


def test_a_socket_that_it_was_started_with_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as given:
        lent = os.dup(given.fileno())
        monkeypatch.setattr(server, "FIRST_SOCKET", lent)
        monkeypatch.setenv("LISTEN_FDS", "1")
        monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
        assert lends_a_socket()
        with server.listen(Settings()) as listener:
            assert listener.getsockname() == given.getsockname()
            assert listener.fileno() == lent


def test_a_socket_that_somebody_else_was_started_with_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", "1")
    assert not lends_a_socket()
    with server.listen(Settings(port=0)) as listener:
        assert listener.fileno() != FIRST_SOCKET


def test_who_is_told_to_stop_while_it_starts_hurries_no_more_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WATCH_SECONDS", 0.01)
    entrance = Entrance(RouteTable({}, "/docs"), Metrics(), "/docs", lambda *_: None)
    connections = Connections(entrance, 1, 75)
    told = threading.Event()
    told.set()

    async def starts() -> DrainingServer:
        started = DrainingServer(uvicorn_config(connections), connections, 12)
        started.serving.set()
        watching = asyncio.create_task(server._watch(started, None, told))
        await asyncio.sleep(0.1)
        watching.cancel()
        return started

    started = asyncio.run(starts())
    assert (started.should_exit, started.hurries) == (True, False)
