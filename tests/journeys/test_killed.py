"""The server and its PostgreSQL are killed in the middle of work, again and again: what was promised stands.

Accounts are opened, and others are paid: each is there once, and wholly.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.journeys.journal import SOAK, Crowd, Journal, hold_to_json, keys_in
from tests.journeys.own_database import database_url
from tests.journeys.paying_journal import PayingJournal
from tests.journeys.victim import Victim

ROUNDS = 50 if SOAK else 3

LOAD_SECONDS = 0.6


def go_through_kills(
    victim: Victim, ways: Sequence[Callable[[], None]], rounds: int, clients: Mapping[Journal, int]
) -> None:
    """Killed in one way after another while so many clients of each journal are at work, and held to what it told."""
    for number in range(rounds):
        begun = [(journal, len(journal.wishes)) for journal in clients]
        with ExitStack() as at_work:
            for journal, count in clients.items():
                at_work.enter_context(Crowd(victim.server.base, journal, count, 0.02))
            time.sleep(LOAD_SECONDS * random.uniform(0.5, 1.0))
            ways[number % len(ways)]()
        assert victim.server.start().count("sk_") == 0, "keys are shown once"
        for journal, since in begun:
            assert len(journal.acknowledged) > since
            journal.hold_to(victim.server.base, database_url(victim.data), since=since)
            # Only the database's going away may have been told, and nothing wrong.
            assert set(journal.refused_as()) <= {(503, "unavailable")}


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
        go_through_kills(victim, ways, ROUNDS, {opened: 4, paid: 6})
        for journal in (opened, paid):
            journal.hold_to(victim.server.base, database_url(victim.data))
            assert journal.broken
        assert paid.bounced
        hold_to_json(victim.server.log)
    finally:
        if victim.server.process and victim.server.process.poll() is None:
            victim.server.stop()
    assert not (victim.data / "postgres" / "postmaster.pid").exists()
