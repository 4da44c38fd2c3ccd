"""What the server listens on."""

import os
import socket

import pytest

from dues import server
from dues.settings import Settings


def test_a_socket_that_it_was_started_with_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as given:
        lent = os.dup(given.fileno())
        monkeypatch.setattr(server, "SYSTEMD_FIRST", lent)
        monkeypatch.setenv("LISTEN_FDS", "1")
        monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
        assert server.is_lent()
        with server.listen(Settings()) as listener:
            assert listener.getsockname() == given.getsockname()
            assert listener.fileno() == lent


def test_a_socket_that_somebody_else_was_started_with_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", "1")
    assert not server.is_lent()
    with server.listen(Settings(port=0)) as listener:
        assert listener.fileno() != server.SYSTEMD_FIRST
