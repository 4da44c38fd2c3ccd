"""What journeys with a data folder of their own share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

# What it asserts is told as what a test asserts is.
pytest.register_assert_rewrite("tests.journeys.model")


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a short name, for logs and `data`. What stays afterwards is the logs: databases are large."""
    made = tmp_path_factory.mktemp("home")
    yield made
    shutil.rmtree(made / "data", ignore_errors=True)
