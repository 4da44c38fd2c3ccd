"""What a service manager is told: by whatever kind of address it names, and never at the price of serving."""

import socket
from pathlib import Path

import pytest

from dues.service_manager import tell_ready, tell_stopping


@pytest.fixture
def manager() -> socket.socket:
    """A socket that hears what is told, and waits for nothing."""
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.setblocking(False)
    return heard


@pytest.mark.parametrize("is_abstract", [False, True], ids=["a path", "an abstract name"])
def test_it_is_told_when_the_server_is_ready_and_when_it_stops(
    manager: socket.socket, is_abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"@{tmp_path}/notify" if is_abstract else str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with manager:
        manager.bind("\0" + address[1:] if is_abstract else address)
        tell_ready()
        tell_stopping()
        assert (manager.recv(100), manager.recv(100)) == (b"READY=1", b"STOPPING=1")


@pytest.mark.parametrize("address", [None, "", "vsock:2:1234", "/nowhere/notify", "@nobody/hears/this"])
def test_that_nobody_hears_it_stops_nothing(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    tell_ready()


def test_a_manager_that_does_not_listen_is_not_waited_for(
    manager: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with manager:
        manager.bind(str(tmp_path / "notify"))
        for _ in range(2_000):  # more than the kernel keeps for it
            tell_ready()
