"""Journeys on one PostgreSQL whose tenants are spread over eight cells: each merchant lands in another than the last.

What is shared by a whole run is shared here too, and has as many cells.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dues.db.embedded import EmbeddedPostgres
from tests.clusters import Template
from tests.conftest import Desk, Merchant, serving, verified_at_the_end
from tests.journeys.journal import SOAK
from tests.journeys.outgoing import Stage, stage
from tests.running import RunningServer

CELLS = 8


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the calls that name something, every day those that read are enough here: all are tried in one cell."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and isinstance(item, pytest.Function):
            call = getattr(item, "callspec", None)
            if call and call.params.get("method", "get") != "get":
                item.add_marker(pytest.mark.soak)
                item.add_marker(pytest.mark.skipif(not SOAK, reason="takes long: make soak"))


@pytest.fixture(scope="session")
def cells() -> int:
    """Over how many cells new merchants are spread."""
    return CELLS


@pytest.fixture(scope="session")
def database_url(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of eight cells."""
    yield from verified_at_the_end(EmbeddedPostgres(template.copy_to(tmp_path_factory.mktemp("cells") / "data")))


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


@pytest.fixture(scope="session")
def outgoing(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server that may deliver to loopback, from eight cells."""
    made = tmp_path_factory.mktemp("out")
    template.copy_to(made / "data")
    with stage(made, cells=CELLS) as started:
        yield started


@pytest.fixture
def merchants(new_merchant: Callable[[], Merchant]) -> list[Merchant]:
    """One merchant in each cell."""
    return [new_merchant() for _ in range(CELLS)]
