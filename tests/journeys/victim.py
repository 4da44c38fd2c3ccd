"""A server that is killed, and the ways to do it."""

import random
import time
from contextlib import suppress
from pathlib import Path

import psutil

from tests.journeys.own_database import postmaster
from tests.running import RunningServer


class Victim:
    """A server with its own PostgreSQL, and the ways to kill them."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.data = folder / "data"
        self.server = RunningServer(data=self.data, log=folder / "log", **settings)

    def kill_server(self) -> None:
        """As when the operating system runs out of memory."""
        self.server.kill()

    def kill_postgres_then_server(self) -> None:
        """The server sees its database vanish, and then vanishes itself."""
        postmaster(self.data).kill()
        time.sleep(random.uniform(0, 0.3))
        self.server.kill()

    def kill_server_then_postgres(self) -> None:
        """Nobody is left to start it again."""
        first = postmaster(self.data)
        self.server.kill()
        first.kill()

    def kill_everything(self) -> None:
        """As near to pulling the plug as a test comes."""
        first = postmaster(self.data)
        everyone = [first, *first.children(recursive=True)]
        for process in everyone:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        self.server.kill()
        for process in everyone:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def tell_server_to_stop(self) -> None:
        """The gentle way: whoever is being served still gets an answer, and the database is stopped too."""
        assert self.server.stop() == 0
        assert not (self.data / "postgres" / "postmaster.pid").exists()
