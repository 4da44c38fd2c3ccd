"""Processes that deliver are killed, receivers die, the database goes: everything arrives, each object's in order."""

import os
import random
import signal
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.journeys.journal import SOAK
from tests.journeys.outgoing import Stage, register_customers, rename, stage
from tests.journeys.own_database import postmaster, rows_of, until
from tests.journeys.receiver import FAILS, TAKEN, Arrival, Receiver, Reply
from tests.running import Caller
from tests.starting import STARTER, Started

SECONDS = 120.0 if SOAK else 4.0
"""For how long processes are killed."""


class Deliverers:
    """Processes that deliver, and the ways they end."""

    def __init__(self, stage: Stage, folder: Path, number: int) -> None:
        settings = {"DUES_DATABASE_URL": stage.url, "DUES_WEBHOOK_ALLOW_PRIVATE": "true"}
        self._environment = {name: text for name, text in os.environ.items() if not name.startswith("DUES_")} | settings
        self._folder = folder
        self._logs: dict[int, Path] = {}
        self.processes = [self._started() for _ in range(number)]

    def _started(self) -> Started:
        with tempfile.NamedTemporaryFile("w", dir=self._folder, prefix="deliver-", suffix=".log", delete=False) as log:
            process = STARTER.start(["deliver"], self._environment, log, log)
        self._logs[process.pid] = Path(log.name)
        return process

    def _delivers(self, process: Started) -> bool:
        """Whether it has come so far that it can be told to end; before that the interpreter itself ends it."""
        return process.poll() is not None or "dues delivers webhooks" in self._logs[process.pid].read_text()

    def kill_one(self, number: int) -> None:
        """One is gone in the middle of whatever it did, and starts again."""
        place = number % len(self.processes)
        self.processes[place].kill()
        self.processes[place].wait()
        self.processes[place] = self._started()

    def let_one_sleep(self, seconds: float) -> None:
        """One stands still for so long that its leases end, and then goes on with what it believed."""
        self.processes[0].send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.processes[0].send_signal(signal.SIGCONT)

    def __enter__(self) -> "Deliverers":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            until(lambda process=process: self._delivers(process))  # type: ignore[misc]
            with suppress(ProcessLookupError):
                process.terminate()
        assert {process.wait(20) for process in self.processes} == {0}


class Work:
    """Customers who come and change in the background, through whatever goes wrong."""

    def __init__(self, caller: Caller, pause_seconds: float = 0.01) -> None:
        self._caller = caller
        self._pause_seconds = pause_seconds
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> "Work":
        self._running = self._pool.submit(self._work)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._running.result(30)
        self._pool.shutdown()

    def _work(self) -> None:
        customers: list[str] = []
        while not self._over.wait(self._pause_seconds):
            try:
                if len(customers) < 40:
                    customers += register_customers(self._caller, 1)
                else:
                    rename(self._caller, random.choice(customers))
            except (httpx.HTTPError, KeyError, AssertionError):
                time.sleep(0.2)  # the database is away


STANDSTILL_SECONDS = 25
"""It has stopped for good when nothing has arrived for so long. How fast it goes is the machine's business, and that of
whoever else is busy on it."""


def wait_until_taken(receiver: Receiver, path: str, number: int, seconds_in_all: float = 120) -> None:
    """Returns once a path has taken so many events, which never stop to come."""
    over = time.monotonic() + seconds_in_all
    while (taken := len(receiver.ids(path))) < number:
        until(lambda taken=taken: len(receiver.ids(path)) > taken, STANDSTILL_SECONDS)  # type: ignore[misc]
        assert time.monotonic() < over, f"{path} has taken {taken} of {number}"


def hold_to_everything(made: Stage, caller: Caller, receiver: Receiver, path: str) -> None:
    """Every event has arrived, each object's for the first time in order."""
    ids = {one["id"] for one in caller.everything("/billing/events", limit=100)}
    with made.hurrying(600, 0.3):
        wait_until_taken(receiver, path, len(ids))
    assert receiver.ids(path) == ids
    receiver.hold_to_order(path)


class Fickle:
    """Refuses a share of what comes."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._dice = random.Random()

    def __call__(self, _: Arrival) -> Reply:
        return FAILS if self._dice.random() < self._share else TAKEN


@pytest.mark.slow
@pytest.mark.soak
def test_everything_arrives_in_order_whoever_is_killed(folder: Path, receiver: Receiver) -> None:
    with stage(folder, webhooks="false") as made, Deliverers(made, folder, 4) as deliverers:
        caller = made.new_caller()
        for number in range(4):
            receiver.register(caller, f"/{number}", Fickle(0.1))
        with Work(caller), made.hurrying(10, 0.5):
            over, number = time.monotonic() + SECONDS, 0
            while time.monotonic() < over:
                time.sleep(1)
                deliverers.kill_one(number)
                number += 1
                if number % 8 == 3:
                    receiver.die()
                    time.sleep(2)
                    receiver.come_back()
        for number in range(4):
            hold_to_everything(made, caller, receiver, f"/{number}")
        sent_again = len(receiver.taken) - len({(one.path, one.event_id) for one in receiver.taken})
        assert sent_again < len(receiver.taken) / 2


@pytest.mark.soak
@pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="make soak")
def test_a_process_that_stood_still_harms_nothing_when_it_goes_on(folder: Path, receiver: Receiver) -> None:
    with stage(folder, webhooks="false") as made, Deliverers(made, folder, 1) as deliverers:
        caller = made.new_caller()
        receiver.register(caller, "/a", Fickle(0.05))
        with Work(caller, 0.03), made.hurrying(10, 0.5):
            receiver.wait_for("/a", 20)
            with Deliverers(made, folder, 1):
                deliverers.let_one_sleep(7)
        hold_to_everything(made, caller, receiver, "/a")


@pytest.mark.slow
def test_one_that_has_many_endpoints_ends_when_it_is_told_to(folder: Path, receiver: Receiver) -> None:
    with stage(folder, webhooks="false") as made:
        caller = made.new_caller()
        paths = [f"/{number}" for number in range(60)]
        for path in paths:
            receiver.register(caller, path)
        with Deliverers(made, folder, 1):
            register_customers(caller, 2)
            for path in paths:
                receiver.wait_for(path, 2)
            # All of them are idle now, each with a worker that looks again and again; leaving tells it to end.


@pytest.mark.slow
@pytest.mark.soak
def test_everything_arrives_though_the_database_is_killed(folder: Path, receiver: Receiver) -> None:
    with stage(folder) as made:
        caller = made.new_caller()
        receiver.register(caller, "/a", Fickle(0.05))
        with Work(caller):
            for _ in range(20 if SOAK else 2):
                number = len(receiver.ids("/a"))
                receiver.wait_for("/a", number + 20)
                killed = postmaster(made.data)
                killed.kill()
                until(lambda killed=killed: _is_another(made.data, killed), 15)  # type: ignore[misc]
        until(lambda: httpx.get(f"{made.server.base}/readyz").status_code == 200)
        hold_to_everything(made, caller, receiver, "/a")


def _is_another(data: Path, killed: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess, FileNotFoundError, IndexError, ValueError):
        return postmaster(data) != killed
    return False


# Behind -----------------------------------------------------------------------------------------------------------

MANY = 100_000 if SOAK else 1_000

WRITE_MANY = """
insert into events (cell, tenant_id, id, type, object_id, data, created_at, sequence)
select e.cell, e.tenant_id, e.id || lpad(n::text, 6, '0'), 'customer.updated', e.object_id, e.data, e.created_at, n + 1
  from generate_series(1, $1) as n, events e
 where e.object_id = any($2) and e.sequence = 1
 order by n
"""


@pytest.mark.slow
@pytest.mark.soak
def test_an_endpoint_that_was_down_costs_no_memory_and_catches_up_in_order(folder: Path, receiver: Receiver) -> None:
    with stage(folder, webhooks="false") as made, Deliverers(made, folder, 1) as deliverers:
        caller, other = made.new_caller(), made.new_caller()
        receiver.register(caller, "/down", FAILS)
        receiver.register(other, "/other")
        customers = register_customers(caller, 50)
        until(lambda: len(receiver.at("/down")) >= 10)
        process = psutil.Process(deliverers.processes[0].pid)
        before = process.memory_info().rss
        for part in range(0, MANY, 5_000):
            rows_of(
                made.url, WRITE_MANY.replace("(1,", f"({part // 50 + 1},"), min(part + 5_000, MANY) // 50, customers
            )
        most = slowest = 0.0
        for _ in range(6):
            began, number = time.monotonic(), len(receiver.ids("/other"))
            register_customers(other, 5)
            receiver.wait_for("/other", number + 5)
            slowest = max(slowest, time.monotonic() - began)
            most = max(most, process.memory_info().rss)
            time.sleep(0.2)
        receiver.behave("/down", TAKEN)
        with made.hurrying(600, 0.5):
            wait_until_taken(receiver, "/down", MANY + 50, 600 if SOAK else 120)
            most = max(most, process.memory_info().rss)
        assert slowest < 1.5
        assert most - before < 40e6
        receiver.hold_to_order("/down")
