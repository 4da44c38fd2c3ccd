"""A listening socket goes from one server to the next, and only where the next one serves."""

import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from dues.handover import Offer, Taken, offer, take


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """The old server's."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def offered(listener: socket.socket) -> Iterator[Offer]:
    """What the old server offers."""
    with closing(Offer(listener)) as made:
        yield made


def take_from(offered: Offer, port: int) -> Taken:
    """What a new server takes while the old one looks again and again."""
    with ThreadPoolExecutor(1) as new:
        taking = new.submit(take, "localhost", port)
        while not taking.done():
            assert not offered.is_taken()
    taken = taking.result()
    assert taken
    return taken


def give_up(taken: Taken) -> None:
    """The new server ends before it serves."""
    taken.listener.close()
    taken._old.close()


def port_of(listener: socket.socket) -> int:
    """Where it listens."""
    return int(listener.getsockname()[1])


def test_the_socket_is_the_new_servers_once_it_serves(listener: socket.socket, offered: Offer) -> None:
    assert not offered.is_taken()
    taken = take_from(offered, port_of(listener))
    assert not offered.is_taken()
    with taken.listener, socket.create_connection(listener.getsockname()) as client:
        with taken.listener.accept()[0] as accepted:
            client.send(b"to the new one")
            assert accepted.recv(20) == b"to the new one"
        taken.serves()
        assert offered.is_taken()


def test_a_new_server_that_comes_to_nothing_changes_nothing(listener: socket.socket, offered: Offer) -> None:
    give_up(take_from(offered, port_of(listener)))
    assert not offered.is_taken()
    with socket.socket(socket.AF_UNIX) as killed:
        killed.connect(str(offered._path))
        assert not offered.is_taken()
    assert not offered.is_taken()
    taken = take_from(offered, port_of(listener))
    taken.serves()
    taken.listener.close()
    assert offered.is_taken()


def test_who_offers_nothing_any_more_takes_nothing_from_the_next(listener: socket.socket, offered: Offer) -> None:
    with closing(Offer(listener)) as next_one:
        offered.close()
        give_up(take_from(next_one, port_of(listener)))
    assert take("127.0.0.1", port_of(listener)) is None


def test_nothing_is_offered_where_others_could_take_it(
    listener: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert take("127.0.0.1", port_of(listener)) is None
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    folder.chmod(0o755)
    assert offer(listener) is None
    assert take("127.0.0.1", port_of(listener)) is None
