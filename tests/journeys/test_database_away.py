"""The database goes away and comes back, in every way it can: nothing is lost, and only that is ever said."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest
from _pytest.mark import ParameterSet

from dues.db.database import Database
from dues.db.embedded import EmbeddedPostgres
from dues.db.migrate import migrate
from dues.tenants.merchants import create_first_merchant
from tests.journeys.journal import SOAK, Crowd, Journal, hold_to_json, keys_in
from tests.journeys.own_database import database_url, ended, postmaster, until
from tests.running import RunningServer, new_key

RECOVERY_SECONDS = 10.0
"""A few seconds, on a machine that others use too."""


def another_runs(data: Path, killed: psutil.Process) -> bool:
    """Whether a new PostgreSQL has taken the place of one that was killed."""
    with suppress(psutil.NoSuchProcess, FileNotFoundError, IndexError, ValueError):
        return postmaster(data) != killed
    return False


class Watch:
    """Asks a server how it is, and measures how long it takes to say."""

    def __init__(self, server: RunningServer, journal: Journal) -> None:
        self._http = httpx.Client(
            base_url=server.base, headers={"Authorization": f"Bearer {journal.secret}"}, timeout=30, verify=False
        )
        self._journal = journal

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def is_alive(self) -> bool:
        """The process answers, at once."""
        started = time.monotonic()
        return self._http.get("/healthz").status_code == 200 and time.monotonic() - started < 2

    def is_ready(self) -> bool:
        """The database answers too."""
        answer = self._http.get("/readyz")
        assert answer.status_code in (200, 503)
        return answer.status_code == 200

    def tells_that_the_database_is_away(self) -> None:
        """Every call says so, in the same words, and when to come back."""
        assert self.is_alive()
        assert not self.is_ready()
        body = {"customer": self._journal.customer, "external_reference": "UAR-while-away"}
        answers = [
            self._http.post("/billing/accounts", json=body, headers={"Idempotency-Key": new_key()}),
            self._http.get("/billing/accounts/UAR-while-away"),
            self._http.get("/billing/idempotency_keys/some-key"),
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.elapsed.total_seconds() < 2


def hold_to_only_having_been_away(journal: Journal) -> None:
    """Whoever was not served was told that the database is away, and nothing else; nobody was hung up on."""
    assert set(journal.refused_as()) <= {(503, "unavailable")}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in journal.refusals)
    assert journal.broken == 0


# PostgreSQL elsewhere ---------------------------------------------------------------------------------------------


WAYS = [(signal.SIGQUIT, 2.0)]
if SOAK:
    WAYS += [(signal.SIGKILL, 0.5), (signal.SIGINT, 20.0), (signal.SIGKILL, 60.0)]
"""How it ends, and for how many seconds it is away."""


class Elsewhere:
    """A PostgreSQL that the server knows by its URL alone."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._embedded = EmbeddedPostgres(data)

    def start(self) -> str:
        """Starts it, for the first time or again; its URL."""
        return self._embedded.open()

    def first_secret(self, url: str) -> str:
        """Makes a merchant; its test secret key."""

        async def run() -> str:
            await migrate(url)
            database = await Database.connect(url, 2)
            try:
                keys = await create_first_merchant(database, datetime.now(UTC))
                return next(key.secret for key in keys if (key.mode, key.kind) == ("test", "secret"))
            finally:
                await database.close()

        return asyncio.run(run())

    def end(self, how: signal.Signals) -> None:
        """SIGINT: it says goodbye. SIGQUIT: it hangs up. SIGKILL: it is dead."""
        process = postmaster(self.data)
        process.send_signal(how)
        until(lambda: ended(process))

    def close(self) -> None:
        """Stops it for good."""
        self._embedded.close()


@pytest.fixture
def elsewhere(folder: Path) -> Iterator[Elsewhere]:
    """A PostgreSQL of the test's own."""
    postgres = Elsewhere(folder / "data")
    yield postgres
    postgres.close()


@pytest.mark.slow
@pytest.mark.soak
def test_a_server_outlives_its_database_and_recovers_by_itself(elsewhere: Elsewhere, log_path: Path) -> None:
    url = elsewhere.start()
    journal = Journal(elsewhere.first_secret(url))
    server = RunningServer(database_url=url, log=log_path)
    with server.running(), Watch(server, journal) as watch:
        journal.register_customer(server.base)
        for how, seconds in WAYS:
            served = len(journal.acknowledged)
            with Crowd(server.base, journal):
                time.sleep(0.5)
                elsewhere.end(how)
                until(lambda: not watch.is_ready())
                back_at = time.monotonic() + seconds
                while time.monotonic() < back_at:
                    watch.tells_that_the_database_is_away()
                    time.sleep(0.2)
                away = len(journal.acknowledged)
                assert elsewhere.start() == url
                until(watch.is_ready, RECOVERY_SECONDS)
                until(lambda away=away: len(journal.acknowledged) > away + 10, RECOVERY_SECONDS)  # type: ignore[misc]
            assert away > served, "it worked before"
            hold_to_only_having_been_away(journal)
        assert server.process
        assert server.process.poll() is None
        journal.hold_to(server.base, url)
        hold_to_json(server.log)


def in_soak(value: object) -> ParameterSet:
    """A parameter for which there is time only now and then."""
    return pytest.param(value, marks=[pytest.mark.soak, pytest.mark.skipif(not SOAK, reason="takes long")])


# PostgreSQL that came along ---------------------------------------------------------------------------------------


@contextmanager
def with_its_own_database(folder: Path, **settings: str) -> Iterator[tuple[RunningServer, Path, Journal]]:
    """A server with an embedded PostgreSQL, its data folder, and a journal of its first merchant."""
    data = folder / "data"
    server = RunningServer(data=data, log=folder / "log", **settings)
    try:
        journal = Journal(keys_in(server.start())["test", "secret"])
        journal.register_customer(server.base)
        yield server, data, journal
    finally:
        if server.process and server.process.poll() is None:
            server.stop()
    assert not (data / "postgres" / "postmaster.pid").exists()


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.parametrize("workers", ["1", in_soak("2")])
def test_a_server_starts_its_own_database_again(folder: Path, workers: str) -> None:
    with (
        with_its_own_database(folder, workers=workers) as (server, data, journal),
        Watch(server, journal) as watch,
    ):
        with Crowd(server.base, journal):
            for _ in range(10 if SOAK else 1):
                time.sleep(0.4)
                killed = postmaster(data)
                killed.kill()
                until(lambda killed=killed: another_runs(data, killed), RECOVERY_SECONDS)  # type: ignore[misc]
                until(watch.is_ready, RECOVERY_SECONDS)
                served = len(journal.acknowledged)
                until(lambda served=served: len(journal.acknowledged) > served + 20, RECOVERY_SECONDS)  # type: ignore[misc]
                assert watch.is_alive()
        hold_to_only_having_been_away(journal)
        its_folder_is_moved_and_put_back(data, server, watch)
        journal.hold_to(server.base, database_url(data))
        hold_to_json(server.log)


def its_folder_is_moved_and_put_back(data: Path, server: RunningServer, watch: Watch) -> None:
    """Meanwhile the database is away, and nothing is made in its place."""
    (data / "postgres").rename(data / "elsewhere")
    until(lambda: "somebody has removed or moved it" in server.log.read_text())
    # It was told to end: one connection may be lost while another is still good for a moment.
    until(lambda: not any(watch.is_ready() for _ in range(5)))
    watch.tells_that_the_database_is_away()
    assert not (data / "postgres").exists()
    (data / "elsewhere").rename(data / "postgres")
    until(watch.is_ready, RECOVERY_SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1.5, in_soak(25.0)])
def test_a_database_that_stands_still_costs_time_and_nothing_else(folder: Path, seconds: float) -> None:
    with (
        with_its_own_database(folder) as (server, data, journal),
        Watch(server, journal) as watch,
    ):
        first = postmaster(data)
        with Crowd(server.base, journal):
            time.sleep(0.4)
            stopped = [first, *first.children(recursive=True)]
            try:
                for process in stopped:
                    with suppress(psutil.NoSuchProcess):
                        process.send_signal(signal.SIGSTOP)
                time.sleep(0.1)
                served = len(journal.acknowledged)
                goes_on_at = time.monotonic() + seconds
                while time.monotonic() < goes_on_at:
                    assert watch.is_alive()
                    time.sleep(0.2)
                assert len(journal.acknowledged) <= served + 1, "it did not stand still"
            finally:
                for process in stopped:
                    with suppress(ProcessLookupError):
                        os.kill(process.pid, signal.SIGCONT)
            until(lambda: len(journal.acknowledged) > served + 20, 2 * RECOVERY_SECONDS)
        assert postmaster(data) == first, "what only stands still is not replaced"
        hold_to_only_having_been_away(journal)
        assert journal.slowest_seconds < 25
        journal.hold_to(server.base, database_url(data))
        hold_to_json(server.log)
