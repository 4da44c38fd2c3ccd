"""The server and its PostgreSQL are killed in the middle of work, again and again: what was promised stands.

Accounts are opened, and others are paid: each is there once, and wholly.
"""

import random
import time
from pathlib import Path

import pytest

from tests.journeys.journal import SOAK, Crowd, Journal, hold_to_json, keys_in
from tests.journeys.own_database import database_url
from tests.journeys.paying_journal import PayingJournal
from tests.journeys.victim import Victim

ROUNDS = 50 if SOAK else 5

LOAD_SECONDS = 0.6


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
        opened, paid = Journal(secret), PayingJournal(secret)
        opened.register_customer(victim.server.base)
        paid.move_in(victim.server.base)
        for number in range(ROUNDS):
            begun = [(journal, len(journal.wishes)) for journal in (opened, paid)]
            with Crowd(victim.server.base, opened, 4, 0.02), Crowd(victim.server.base, paid, 6, 0.02):
                time.sleep(LOAD_SECONDS * random.uniform(0.5, 1.0))
                ways[number % len(ways)]()
            assert victim.server.start().count("sk_") == 0, "keys are shown once"
            for journal, since in begun:
                assert len(journal.acknowledged) > since
                journal.hold_to(victim.server.base, database_url(victim.data), since=since)
                # Only the database's going away may have been told, and nothing wrong.
                assert set(journal.refused_as()) <= {(503, "unavailable")}
        for journal in (opened, paid):
            journal.hold_to(victim.server.base, database_url(victim.data))
            assert journal.broken
        assert paid.bounced
        hold_to_json(victim.server.log)
    finally:
        if victim.server.process and victim.server.process.poll() is None:
            victim.server.stop()
    assert not (victim.data / "postgres" / "postmaster.pid").exists()
