"""What journeys with a data folder of their own share, and those of webhooks."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.outgoing import Stage, stage
from tests.journeys.receiver import Receiver, receiving

# What it asserts is told as what a test asserts is.
pytest.register_assert_rewrite("tests.journeys.model")


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a short name, for logs and `data`. What stays afterwards is the logs: databases are large."""
    made = tmp_path_factory.mktemp("home")
    yield made
    shutil.rmtree(made / "data", ignore_errors=True)


@pytest.fixture(scope="session")
def outgoing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server that may deliver to loopback."""
    with stage(tmp_path_factory.mktemp("out")) as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Who is sent webhooks. What comes is verified."""
    with receiving() as made:
        yield made
