"""A server that takes payments is killed in the middle of it, again and again: each payment is there once, wholly."""

import random
import time
from pathlib import Path

import pytest

from tests.journeys.journal import SOAK, Crowd, hold_to_json, keys_in
from tests.journeys.own_database import database_url
from tests.journeys.paying_journal import PayingJournal
from tests.journeys.victim import Victim

ROUNDS = 20 if SOAK else 4

LOAD_SECONDS = 0.6


@pytest.mark.soak
def test_a_payment_that_was_acknowledged_is_there_once_however_often_the_server_is_killed(folder: Path) -> None:
    victim = Victim(folder)
    ways = [victim.kill_server, victim.kill_everything]
    try:
        journal = PayingJournal(keys_in(victim.server.start())["test", "secret"])
        journal.move_in(victim.server.base)
        for number in range(ROUNDS):
            begun = len(journal.wishes)
            with Crowd(victim.server.base, journal, pause_seconds=0.02):
                time.sleep(LOAD_SECONDS * random.uniform(0.5, 1.0))
                ways[number % len(ways)]()
            assert len(journal.acknowledged) > begun
            victim.server.start()
            journal.hold_to(victim.server.base, database_url(victim.data), since=begun)
            # Only the database's going away may have been told, and nothing wrong.
            assert set(journal.refused_as()) <= {(503, "unavailable")}
        journal.hold_to(victim.server.base, database_url(victim.data))
        assert journal.broken
        assert journal.bounced
        hold_to_json(victim.server.log)
    finally:
        if victim.server.process and victim.server.process.poll() is None:
            victim.server.stop()
    assert not (victim.data / "postgres" / "postmaster.pid").exists()
