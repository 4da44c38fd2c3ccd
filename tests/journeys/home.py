"""A data folder with a server on it, and the `dues …` commands that go there."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import psutil

from tests.journeys.journal import keys_in
from tests.running import Caller, RunningServer
from tests.starting import STARTER

PRINTED_LAST = "dues serves"


def environment(**settings: str) -> dict[str, str]:
    """This process's, with no settings of dues but these."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("DUES_") or name == "DUES_DATA"}
    return kept | {f"DUES_{name.upper()}": text for name, text in settings.items()}


def dues(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs `dues …` to its end."""
    with TemporaryFile("w+") as printed, TemporaryFile("w+") as complained:
        started = STARTER.start(arguments, environment(**settings), printed, complained)
        try:
            started.wait(timeout=60)
        except subprocess.TimeoutExpired:
            started.kill()
            raise
        for file in (printed, complained):
            file.seek(0)
        return subprocess.CompletedProcess(started.args, started.wait(), printed.read(), complained.read())


@dataclass
class Home:
    """A data folder and, while it runs, the server on it."""

    data: Path
    server: RunningServer
    printed: str = ""

    def start(self) -> None:
        """Starts the server."""
        self.printed = self.server.start()

    @property
    def secret(self) -> str:
        """The first merchant's test secret key, as the first start printed it."""
        return keys_in(self.printed)["test", "secret"]

    def caller(self) -> Caller:
        """Somebody with that key."""
        return Caller(self.server.base, self.secret)

    def cli(self, *arguments: str) -> str:
        """What `dues …` on this folder prints. It must succeed."""
        done = dues(*arguments, data=str(self.data))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def cli_json(self, *arguments: str) -> Any:
        """What `dues … --json` on this folder prints, as an object."""
        return json.loads(self.cli(*arguments, "--json"))

    @property
    def database_runs(self) -> bool:
        """Whether PostgreSQL has its pid file."""
        return (self.data / "postgres" / "postmaster.pid").exists()


@contextmanager
def stopped_at_the_end(server: RunningServer) -> Iterator[None]:
    """Stops it, if nobody did before; kills it where that does not help, so that nothing outlives a test."""
    try:
        yield
    finally:
        process = server.process
        if process and process.poll() is None:
            children = psutil.Process(process.pid).children()
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                for left in children:
                    left.kill()
                process.wait(timeout=20)
                raise


@contextmanager
def new_home(folder: Path, **settings: str) -> Iterator[Home]:
    """A data folder with a server on it."""
    data = folder / "data"
    home = Home(data, RunningServer(data=data, log=folder / "log", **settings))
    with stopped_at_the_end(home.server):
        home.start()
        yield home
