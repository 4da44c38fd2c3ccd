"""Who is still answered when a server stops, and how long it waits for them."""

import signal
import socket
import time
from collections.abc import Iterator

import pytest

from tests.http.stage import Client, Stage, get


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A server that would wait a minute for clients to go elsewhere."""
    running = Stage(connections_max=20, idle_seconds=75, drain_seconds=60)
    running.start()
    yield running
    if not running.has_ended(0):
        running.server.hurries = True
        running.stop()


@pytest.fixture
def client(stage: Stage) -> Iterator[Client]:
    """Somebody connected to it, and answered."""
    with stage.connected() as somebody:
        somebody.send(get("/slow/1"))
        assert "connection" not in somebody.answer()[1]
        yield somebody


def test_a_server_that_nobody_called_ends_at_once(stage: Stage) -> None:
    stage.server.handle_exit(signal.SIGTERM, None)
    assert stage.has_ended(2)


def test_a_server_waits_until_it_is_told_a_second_time(stage: Stage, client: Client) -> None:
    stage.server.handle_exit(signal.SIGTERM, None)
    assert not stage.has_ended(0.4)
    with stage.connected() as late:
        late.send(get("/slow/1"))
        assert late.answer()[1]["connection"] == "close"
        assert late.is_closed()
    stage.server.handle_exit(signal.SIGTERM, None)
    assert stage.has_ended(2)
    assert client.is_closed()


def test_a_server_ends_when_nobody_has_called_for_a_while(stage: Stage, client: Client) -> None:
    stage.server._drain_seconds = 2
    time.sleep(0.2)
    client.send(get("/slow/1"))
    assert client.answer()[0] == 200
    began = time.monotonic()
    stage.server.handle_exit(signal.SIGTERM, None)
    assert stage.has_ended(5)
    assert 0.4 < time.monotonic() - began < 1.5


def test_whom_the_kernel_has_let_in_is_waited_for_and_answered(stage: Stage) -> None:
    late: list[Client] = []

    def somebody_comes() -> None:
        late.extend(Client(socket.create_connection(("127.0.0.1", stage.port), timeout=20)) for _ in range(3))

    stage.server._on_stopping = somebody_comes
    stage.server.handle_exit(signal.SIGTERM, None)
    while not stage.server._connections.entrance.stopping.is_set():
        time.sleep(0.01)
    time.sleep(0.2)
    for client in late:
        client.send(get("/slow/5"))
        assert client.answer()[2] == b"5"
        client.bare.close()
    assert stage.has_ended(2)


def test_a_server_that_is_replaced_leaves_the_port_to_the_other(stage: Stage, client: Client) -> None:
    with stage.listener.dup() as other:
        stage.server.is_replaced = True
        stage.server.handle_exit(signal.SIGTERM, None)
        while not stage.server._connections.entrance.stopping.is_set():
            time.sleep(0.01)
        time.sleep(0.1)
        with stage.connected() as new:
            new.send(get("/slow/1"))
            other.settimeout(5)
            taken, _ = other.accept()
            with taken:
                assert taken.recv(4) == b"GET "
        client.send(get("/slow/1"))
        assert client.answer()[1]["connection"] == "close"
        client.bare.close()
        assert stage.has_ended(2)
