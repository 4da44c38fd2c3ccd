"""Servers are stopped and replaced while clients go on, who notice nothing."""

import copy
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from tests.conftest import Merchant
from tests.journeys.home import environment, stopped_at_the_end
from tests.journeys.journal import SOAK
from tests.journeys.load import Load
from tests.journeys.own_database import until
from tests.journeys.proxies.balancers import Balancer, balancers
from tests.running import RunningServer, free_port

RESTARTS = 20

soak = pytest.mark.skipif(not SOAK, reason="takes long")


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    """Those that are to be stopped at the end."""
    with ExitStack() as stack:
        yield stack


def ask(connection: HTTPConnection, path: str = "/readyz") -> tuple[int, bool]:
    """The status of an answer, and whether it ends the connection."""
    connection.request("GET", path)
    answer: HTTPResponse = connection.getresponse()
    answer.read()
    return answer.status, answer.getheader("connection") == "close"


def replace(old: RunningServer, servers: ExitStack, workers: str = "1") -> RunningServer:
    """A server that has taken over from another, which has ended."""
    new = copy.copy(old)
    servers.enter_context(stopped_at_the_end(new))
    new.start("--replace", "--workers", workers)
    assert old.process
    assert old.process.wait(30) == 0
    return new


@pytest.mark.slow
def test_a_server_that_takes_over_is_noticed_by_nobody(
    database_url: str, merchant: Merchant, log_path: Path, servers: ExitStack
) -> None:
    server = RunningServer(database_url=database_url, log=log_path, log_level="warning", drain_seconds="12")
    servers.enter_context(stopped_at_the_end(server))
    server.start()
    load = Load(server.port, merchant.key(), 0.02)
    with load.running():
        for workers in ("2", "1"):
            server = replace(server, servers, workers)
    assert load.failed == []
    assert load.sent > 50


@pytest.mark.soak
@soak
def test_twenty_servers_take_over_one_from_the_other(
    database_url: str, merchant: Merchant, log_path: Path, servers: ExitStack
) -> None:
    server = RunningServer(database_url=database_url, log=log_path, log_level="warning", drain_seconds="12")
    servers.enter_context(stopped_at_the_end(server))
    server.start()
    load = Load(server.port, merchant.key(), 0.005)
    with load.running():
        for restart in range(RESTARTS):
            server = replace(server, servers, "2" if restart % 2 else "1")
        while load.sent < 10_000 and not load.failed:
            time.sleep(0.1)
    print(f"straight: {RESTARTS} restarts, {load.sent} requests, {len(load.failed)} failed")
    assert load.failed == []


@pytest.mark.soak
@soak
@pytest.mark.parametrize("balancer", balancers(), ids=lambda balancer: balancer.name)
def test_of_two_servers_one_after_the_other_is_restarted(
    database_url: str, merchant: Merchant, tmp_path: Path, servers: ExitStack, balancer: Balancer
) -> None:
    if not balancer.executable:
        pytest.skip(f"this machine has no {balancer.name}")
    both = [
        RunningServer(database_url=database_url, log=tmp_path / name, log_level="warning", drain_seconds="12")
        for name in ("first", "second")
    ]
    for server in both:
        servers.enter_context(stopped_at_the_end(server))
        server.start()
    port = free_port()
    load = Load(port, merchant.key(), 0.02)
    with balancer.running(tmp_path, port, *(server.port for server in both)), load.running():
        for restart in range(RESTARTS):
            server = both[restart % 2]
            assert server.stop() == 0
            server.start()
        while load.sent < 10_000 and not load.failed:
            time.sleep(0.1)
    print(f"{balancer.name}: {RESTARTS} restarts, {load.sent} requests, {len(load.failed)} failed")
    assert load.failed == []


@pytest.mark.soak
@soak
@pytest.mark.parametrize("workers", ["1", "2"])
def test_who_comes_between_two_servers_with_a_lent_socket_waits_for_the_second(
    database_url: str, merchant: Merchant, tmp_path: Path, servers: ExitStack, workers: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as lent:
        lends = f"exec 3<&{lent.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec {sys.executable} -m dues serve"
        load = Load(lent.getsockname()[1], merchant.key(), 0.01)
        served = environment(database_url=database_url, workers=workers, log_level="warning")
        manager = service_manager(tmp_path, servers)
        served["NOTIFY_SOCKET"] = manager.getsockname()
        with load.running(), (tmp_path / "log").open("w") as log:
            for restart in range(5):
                command = ["bash", "-c", lends]
                with subprocess.Popen(command, env=served, stdout=log, stderr=log, pass_fds=[lent.fileno()]) as server:
                    enough = load.sent + 50
                    until(lambda enough=enough: load.sent > enough)  # type: ignore[misc]
                    if restart == 4:
                        load.end()
                    server.terminate()
                    assert server.wait(8) == 0, "it takes no more of them"
                assert (manager.recv(100), manager.recv(100)) == (b"READY=1", b"STOPPING=1")
    print(f"lent socket, {workers} workers: 4 restarts, {load.sent} requests, {len(load.failed)} failed")
    assert load.failed == []


def service_manager(folder: Path, until_the_end: ExitStack) -> socket.socket:
    """A socket that hears what servers tell whoever manages them."""
    heard = until_the_end.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    heard.bind(str(folder / "notify"))
    heard.settimeout(10)
    return heard


def test_a_server_that_stops_says_so_first_and_answers_whoever_comes(
    database_url: str, log_path: Path, servers: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = service_manager(log_path.parent, servers)
    monkeypatch.setenv("NOTIFY_SOCKET", manager.getsockname())
    server = RunningServer(database_url=database_url, log=log_path, drain_seconds="2", webhooks="false")
    servers.enter_context(stopped_at_the_end(server))
    server.start()
    assert manager.recv(100) == b"READY=1"
    kept, idle, new = (servers.enter_context(closing(HTTPConnection("127.0.0.1", server.port))) for _ in range(3))
    assert ask(kept) == ask(idle) == (200, False)
    assert idle.sock
    assert server.process
    server.process.terminate()
    assert manager.recv(100) == b"STOPPING=1"
    while (told := ask(kept))[0] == 200:  # one that was asked before is answered, and may be told to go already
        time.sleep(0.01)
    assert told == (503, True)
    assert ask(new, "/healthz") == (200, True)
    assert server.process.poll() is None
    assert idle.sock.recv(1) == b"", "it is closed, without an error"
    assert server.process.wait(10) == 0
    with pytest.raises(ConnectionRefusedError):
        new.connect()
    assert server.log.read_text().count('"stopping"') == 1
