"""The server and its PostgreSQL are killed in the middle of work, again and again: what was promised stands."""

import random
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.journeys.journal import SOAK, Crowd, Journal, hold_to_json, keys_in
from tests.journeys.own_database import database_url, postmaster
from tests.running import RunningServer

ROUNDS = 50 if SOAK else 5

LOAD_SECONDS = 0.5


class Victim:
    """A server with its own PostgreSQL, and the ways to kill them."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.server = RunningServer(data=self.data, log=folder / "log")

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


@pytest.mark.soak
def test_what_was_acknowledged_is_there_once_however_often_all_is_killed(folder: Path) -> None:
    victim = Victim(folder)
    ways = [
        victim.kill_server,
        victim.kill_postgres_then_server,
        victim.kill_everything,
        victim.kill_server_then_postgres,
        victim.tell_server_to_stop,
    ]
    try:
        secret = keys_in(victim.server.start())["test", "secret"]
        journal = Journal(secret)
        journal.register_customer(victim.server.base)
        for number in range(ROUNDS):
            begun = len(journal.wishes)
            with Crowd(victim.server.base, journal):
                time.sleep(LOAD_SECONDS * random.uniform(0.5, 1.0))
                ways[number % len(ways)]()
            assert len(journal.acknowledged) > begun
            assert victim.server.start().count("sk_") == 0, "keys are shown once"
            journal.hold_to(victim.server.base, database_url(victim.data), since=begun)
            # Only the database's going away may have been told, and nothing wrong.
            assert set(journal.refused_as()) <= {(503, "unavailable")}
        journal.hold_to(victim.server.base, database_url(victim.data))
        assert journal.broken
        hold_to_json(victim.server.log)
    finally:
        if victim.server.process and victim.server.process.poll() is None:
            victim.server.stop()
    assert not (victim.data / "postgres" / "postmaster.pid").exists()
