"""Journeys once more where tenants are spread over the nodes of Citus, if a cluster is named.

What is shared by a whole run is shared here too, and is on that cluster.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dues.db.migrate import migrate
from tests.conftest import Desk, Merchant, findings, serving
from tests.journeys.citus.cluster import new_database
from tests.journeys.outgoing import Stage
from tests.running import RunningServer

CELLS = 8


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them belong to `make soak`, not only those whose numbers grow there."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.soak)


@pytest.fixture(scope="session")
def cells() -> int:
    """Over how many cells new merchants are spread."""
    return CELLS


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A database that is spread over nodes. When all is done, all that was left in it is verified."""
    with new_database() as url:
        asyncio.run(migrate(url))
        yield url
        assert findings(url) == []


@pytest.fixture(scope="session")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server on that database."""
    yield from serving(database_url, tmp_path_factory, CELLS)


@pytest.fixture(scope="session")
def second_server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Another server process on the same database."""
    yield from serving(database_url, tmp_path_factory, CELLS)


@pytest.fixture(scope="session")
def desk(database_url: str) -> Iterator[Desk]:
    """Asks that database what every test asks it."""
    made = Desk(database_url)
    yield made
    made.close()


@dataclass
class SpreadStage(Stage):
    """A server that may deliver to loopback, and the database of several nodes that it is on."""

    database: str = ""

    def __post_init__(self) -> None:
        self.url = self.database


@pytest.fixture(scope="session")
def outgoing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server that may deliver to loopback, from eight cells."""
    folder = tmp_path_factory.mktemp("out")
    with new_database() as url:
        server = RunningServer(
            database_url=url, log=folder / "log", webhook_allow_private="true", cells=str(CELLS), data=folder / "data"
        )
        with server.running():
            yield SpreadStage(server, folder / "data", CELLS, url)
        assert findings(url) == []


@pytest.fixture
def merchants(new_merchant: Callable[[], Merchant]) -> list[Merchant]:
    """One merchant in each cell."""
    return [new_merchant() for _ in range(CELLS)]
