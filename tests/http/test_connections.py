"""Who has a place, and who gives it up to whom."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dues.http import connection, connections
from dues.http.connections import KEYLESS_MAX
from tests.http.stage import Client, Stage, get


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A server that takes four connections."""
    running = Stage(connections_max=4, idle_seconds=75)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def places(stage: Stage) -> Iterator[ExitStack]:
    """What holds clients."""
    with ExitStack() as held:
        yield held


def come(stage: Stage, places: ExitStack, path: str | None = None) -> Client:
    """Somebody who connects, and asks for `path` if there is one."""
    client = places.enter_context(stage.connected())
    if path:
        client.send(get(path))
    return client


def has_gone(client: Client) -> bool:
    """Whether its connection was ended."""
    try:
        return client.is_closed()
    except ConnectionResetError:
        return True


def test_who_says_nothing_gives_way_first_and_who_was_answered_then(
    stage: Stage, places: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(connections, "GREETING_SECONDS", 0.05)
    answered = come(stage, places, "/slow/1")
    assert answered.answer()[0] == 200
    works = come(stage, places, "/slow/600")
    silent = [come(stage, places) for _ in range(2)]
    time.sleep(0.1)
    for gives_way in [*silent, answered]:
        one_more = come(stage, places, "/slow/1000")
        assert has_gone(gives_way)
    assert come(stage, places).problem() == (503, "too_many_connections", True)
    assert works.answer()[2] == b"600"
    assert one_more.answer()[2] == b"1000"


def test_who_has_just_come_gives_way_only_under_siege(
    stage: Stage, places: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SIEGE", 10)
    silent = [come(stage, places) for _ in range(4)]
    refused = [come(stage, places).problem()[0] for _ in range(9)]
    assert refused == [503] * 9
    client = come(stage, places, "/slow/1")
    assert client.answer()[0] == 200
    assert has_gone(silent[0])


def test_who_has_just_come_gives_way_after_those_who_rest(
    stage: Stage, places: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SIEGE", 1)
    monkeypatch.setattr(connections, "GREETING_SECONDS", 5)
    rest = [come(stage, places, "/slow/1") for _ in range(3)]
    assert [client.answer()[0] for client in rest] == [200] * 3
    just_come = come(stage, places)
    for gives_way in rest:
        come(stage, places, "/slow/1000")
        assert has_gone(gives_way)
    just_come.send(get("/slow/1"))
    assert just_come.answer()[0] == 200


def test_who_asks_on_and_on_is_slowed_down_unless_it_has_a_key(
    stage: Stage, places: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "KEYLESS_PAUSE_SECONDS", 0.05)

    def seconds(client: Client, path: str, count: int) -> float:
        began = time.monotonic()
        client.send(get(path) * count)
        assert [client.answer()[0] for _ in range(count)] == [200] * count
        return time.monotonic() - began

    stranger = come(stage, places)
    assert seconds(stranger, "/slow/0", KEYLESS_MAX) < 0.2
    assert seconds(stranger, "/slow/0", 5) >= 0.2
    assert seconds(stranger, "/known", KEYLESS_MAX) < 0.2
    assert seconds(stranger, "/slow/0", KEYLESS_MAX) < 0.2


def test_what_nobody_wants_is_not_read_as_fast_as_it_comes(
    stage: Stage, places: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "THROWN_AWAY_FAST", 0)
    monkeypatch.setattr(connection, "THROW_AWAY_SECONDS", 0.1)
    client = come(stage, places)
    client.send(b"GET /" + b"x" * 40_000)
    assert client.problem()[0] == 414
    client.bare.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.bare.sendall(b"x" * 100_000_000)
