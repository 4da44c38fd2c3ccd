"""A PostgreSQL with the current schema and nothing in it, made once for a run and copied for whoever wants its own.

To make one anew takes several times as long as to copy it; that it can be made is proved in `tests/db/test_embedded.py`
and wherever a server is started in an empty folder.
"""

import asyncio
import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dues.db import embedded
from dues.db.embedded import EmbeddedPostgres
from dues.db.migrate import migrate


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of a run share. pytest-xdist gives each of its workers one in it."""
    mine = factory.getbasetemp()
    return mine.parent if mine.name.startswith("popen-") else mine


class Template:
    """The one that is copied, made by the first of all processes that wants it."""

    def __init__(self, folder: Path) -> None:
        """`folder`: what all processes of a run share."""
        self._folder = folder
        self._data = folder / "template"

    def copy_to(self, data: Path) -> Path:
        """Makes `data` a data folder whose server was stopped after its first start; returns it."""
        with self._alone():
            if not self._data.exists():
                self._make(self._folder / "template.unfinished")
        data.mkdir(mode=0o700, parents=True)
        # It keeps owners, which are not always those who copy: see how the embedded PostgreSQL is run by root.
        subprocess.run(["cp", "-a", str(self._data / "postgres"), str(data / "postgres")], check=True)
        return data

    def _make(self, unfinished: Path) -> None:
        server = EmbeddedPostgres(unfinished)
        asyncio.run(migrate(server.open()))
        server.close()
        (unfinished / "postgres" / "log").unlink()
        unfinished.rename(self._data)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._folder / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


OLDEST = "15"
"""The oldest PostgreSQL that dues works with."""

_PLACES = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/opt/homebrew/opt/postgresql@{}/bin")
"""Where Debian, Red Hat and Homebrew put the programs of a version."""


def oldest_binaries() -> Path | None:
    """Where this machine has the programs of the oldest PostgreSQL, if it has them."""
    places = (Path(place.format(OLDEST)) for place in _PLACES)
    return next((place for place in places if (place / "postgres").exists()), None)


class OldestPostgres(EmbeddedPostgres):
    """A PostgreSQL of that version, which runs as the embedded one would: as whom, and where, is the same."""

    def open(self) -> str:
        """Creates and starts it; its URL."""
        with _with_its_binaries():
            return super().open()

    def close(self) -> None:
        """Stops it."""
        with _with_its_binaries():
            super().close()


@contextmanager
def _with_its_binaries() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "BINARIES", oldest_binaries())
        yield
