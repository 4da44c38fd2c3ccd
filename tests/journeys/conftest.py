"""What journeys with a data folder of their own share, and those of webhooks."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clusters import Template
from tests.journeys.home import Home, new_home
from tests.journeys.outgoing import Stage, stage
from tests.journeys.receiver import Receiver, receiving

# What it asserts is told as what a test asserts is.
pytest.register_assert_rewrite("tests.journeys.model")


@pytest.fixture
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a short name, for logs and `data`. What stays afterwards is the logs: databases are large."""
    made = tmp_path_factory.mktemp("home")
    yield made
    shutil.rmtree(made / "data", ignore_errors=True)


@pytest.fixture
def folder(empty_folder: Path, template: Template) -> Path:
    """Such a folder with a database in its `data`, where a first start goes on from."""
    template.copy_to(empty_folder / "data")
    return empty_folder


@pytest.fixture(scope="session")
def outgoing(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server that may deliver to loopback."""
    made = tmp_path_factory.mktemp("out")
    template.copy_to(made / "data")
    with stage(made) as started:
        yield started


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Who is sent webhooks. What comes is verified."""
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def home(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A server that several tests share, on a data folder of its own."""
    folder = tmp_path_factory.mktemp("home")
    template.copy_to(folder / "data")
    with new_home(folder) as shared:
        yield shared
