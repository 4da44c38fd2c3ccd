"""The journeys of money and of events once more, on the oldest PostgreSQL that dues works with, where there is one.

What is shared by a whole run is shared here too, and is of that version.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from dues.db.migrate import migrate
from tests.clusters import OLDEST, OldestPostgres, oldest_binaries
from tests.conftest import Desk, serving, verified_at_the_end
from tests.journeys.journal import SOAK
from tests.journeys.own_database import rows_of
from tests.running import RunningServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them belong to `make soak` alone: every day the same promises are held to the newest PostgreSQL."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.soak)
            item.add_marker(pytest.mark.skipif(not SOAK, reason="takes long: make soak"))


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of that version, thrown away afterwards."""
    if oldest_binaries() is None:
        pytest.skip(f"this machine has no server of PostgreSQL {OLDEST}")
    postgres = OldestPostgres(tmp_path_factory.mktemp("oldest") / "data")
    asyncio.run(migrate(postgres.open()))
    for url in verified_at_the_end(postgres):
        [found] = rows_of(url, "show server_version")
        assert found["server_version"].partition(".")[0] == OLDEST
        yield url


@pytest.fixture(scope="session")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server on that database."""
    yield from serving(database_url, tmp_path_factory)


@pytest.fixture(scope="session")
def second_server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Another server process on the same database."""
    yield from serving(database_url, tmp_path_factory)


@pytest.fixture(scope="session")
def desk(database_url: str) -> Iterator[Desk]:
    """Asks that database what every test asks it."""
    made = Desk(database_url)
    yield made
    made.close()
