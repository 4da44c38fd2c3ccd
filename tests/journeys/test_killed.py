"""The server and its PostgreSQL are killed in the middle of work, again and again: what was promised stands."""

import random
import time
from pathlib import Path

import pytest

from tests.journeys.journal import SOAK, Crowd, Journal, hold_to_json, keys_in
from tests.journeys.own_database import database_url
from tests.journeys.victim import Victim

ROUNDS = 50 if SOAK else 5

LOAD_SECONDS = 0.5


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
