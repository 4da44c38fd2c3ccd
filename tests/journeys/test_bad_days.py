"""Bad days of one server: a worker that stands still, and a clock that is put forward and back.

What clients see of them is in `docs/guides/bad-days.md`.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.conftest import Merchant, findings
from tests.journeys.fail_over.crowd import Stubborn
from tests.journeys.journal import SOAK, Journal, hold_to_json
from tests.journeys.outgoing import stage
from tests.journeys.own_database import until
from tests.journeys.paying_journal import PayingJournal
from tests.journeys.receiver import Receiver
from tests.journeys.test_workers import workers_of
from tests.running import Caller, free_port, new_key

pytestmark = [pytest.mark.soak, pytest.mark.skipif(not SOAK, reason="takes long")]

STANDSTILL_SECONDS = 30.0

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


# A worker that stands still ---------------------------------------------------------------------------------------


def test_a_worker_that_stood_still_for_half_a_minute_loses_and_doubles_nothing(
    folder: Path, receiver: Receiver
) -> None:
    with stage(folder, workers="2") as made:
        merchant, other = made.new_merchant(), made.new_merchant()
        opened, paid = Journal(merchant.key()), PayingJournal(merchant.key())
        receiver.register(merchant.caller(), "/a")
        opened.register_customer(made.server.base)
        paid.move_in(made.server.base)
        crowds = Stubborn(made.server.base, opened, 4, 0.1), Stubborn(made.server.base, paid, 4, 0.1)
        with crowds[0], crowds[1]:
            time.sleep(2)
            frozen = workers_of(made.server)[0]
            frozen.send_signal(signal.SIGSTOP)
            frozen_at = time.monotonic()
            newcomers = [seconds_of_a_newcomer(other) for _ in range(int(STANDSTILL_SECONDS))]
            frozen.send_signal(signal.SIGCONT)
            time.sleep(5)
        outage = max(crowd.outage_seconds(frozen_at) for crowd in crowds)
        print(
            f"\nslowest newcomer {max(newcomers):.1f} s; longest time without an answer to any of four {outage:.1f} s"
        )
        assert max(newcomers) < 10, "the other worker went on"
        for journal in (opened, paid):
            print(f"slowest {journal.slowest_seconds:.1f} s, told {dict(journal.refused_as())}")
            assert set(journal.refused_as()) <= {(503, "unavailable"), (409, "request_in_progress")}
            assert journal.broken == 0
            assert journal.slowest_seconds < STANDSTILL_SECONDS + 10
            journal.hold_to(made.server.base, made.url)
        arrived_once_or_again(receiver, merchant.caller(), "/a")
        assert findings(made.url) == []
        assert workers_of(made.server)[0] == frozen, "what only stands still is not replaced"
        hold_to_json(made.server.log)


def seconds_of_a_newcomer(merchant: Merchant) -> float:
    """How long somebody who connects now waits for a new account; a second passes at least."""
    began = time.monotonic()
    answer = merchant.caller().open_account()
    assert answer.status_code == 201, answer.text
    took = time.monotonic() - began
    time.sleep(max(0, 1 - took))
    return took


def arrived_once_or_again(receiver: Receiver, caller: Caller, path: str) -> None:
    """Every event has arrived, each object's in order; few of them twice."""
    ids = {one["id"] for one in caller.everything("/billing/events", limit=100)}
    until(lambda: receiver.ids(path) >= ids, 120)
    receiver.hold_to_order(path)
    again = len(receiver.at(path)) - len(ids)
    print(f"sent again: {again} of {len(ids)}")
    assert again < 100, "more than was under way at the worker that stood still"


# A clock that is put forward and back -----------------------------------------------------------------------------


class Clock:
    """The clock of a server, which is not this machine's."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set("+0")
        self.environment = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset: str) -> None:
        """Puts it forward, `+3600`, or back."""
        other = self._file.with_suffix(".new")
        other.write_text(offset)
        other.rename(self._file)


@contextmanager
def serving_by(clock: Clock, url: str, log: Path) -> Iterator["tuple[str, subprocess.Popen[bytes]]"]:
    """A server whose clock that is, on a database whose clock it is not."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("DUES_")}
    environment |= {"DUES_DATABASE_URL": url, "DUES_WEBHOOK_ALLOW_PRIVATE": "true", "DUES_WEBHOOK_PORTS": "1-65535"}
    environment |= {"DUES_DRAIN_SECONDS": "0", "DUES_DATA": str(log.parent / "unused")} | clock.environment
    port = free_port()
    with log.open("ab") as file:
        command = [sys.executable, "-m", "dues", "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    base = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{base}/readyz").status_code == 200
        return False

    try:
        until(is_ready, 60)
        yield base, process
    finally:
        process.terminate()
        process.wait(30)


def change(caller: Caller, account: str) -> dict[str, object]:
    """Adjusts a balance; the entry that this made."""
    answer = caller.post(f"/billing/accounts/{account}/adjustments", {"amount": 5, "reason": "a test"})
    assert answer.status_code == 201, answer.text
    entry: dict[str, object] = caller.get(f"/billing/accounts/{account}/entries").json()["data"][0]
    return entry


@pytest.mark.skipif(not FAKETIME.exists(), reason=f"this machine has no {FAKETIME} (Debian: libfaketime)")
def test_a_clock_put_an_hour_forward_and_back_breaks_nothing(folder: Path, receiver: Receiver) -> None:
    clock = Clock(folder)
    with stage(folder, webhooks="false") as made:
        merchant = made.new_merchant()
        with serving_by(clock, made.url, folder / "first.log") as (base, process):
            caller = merchant.caller(base=base)
            receiver.register(caller, "/a")
            body = {
                "external_reference": "A",
                "customer": {"external_reference": "C"},
                "currency": "ZAR",
                "balance": 100,
            }
            key = new_key()
            first = caller.post("/billing/accounts", body, key)
            assert first.status_code == 201
            account = first.json()["id"]
            times = [str(change(caller, account)["created_at"])]
            clock.set("+3600")
            times.append(str(change(caller, account)["created_at"]))
            again = caller.post("/billing/accounts", body, key)
            assert (again.status_code, again.content) == (201, first.content)
            clock.set("+0")
            times += [str(change(caller, account)["created_at"]) for _ in range(2)]
            assert times == sorted(times), "no entry is older than the one before it"
            assert times[1][:13] != times[0][:13], "the clock was put forward"
            receiver.wait_for("/a", 6, 60)
            clock.set("+3600")
            change(caller, account)
            receiver.wait_for("/a", 7, 60)
            process.kill()
        assert receiver.wrong, "what was sent meanwhile bears a time that is not"
        receiver.wrong.clear()
        # It had a lease, for some seconds by its clock. Whoever comes now has another.
        clock.set("+0")
        with serving_by(clock, made.url, folder / "second.log") as (base, _):
            caller = merchant.caller(base=base)
            change(caller, account)
            receiver.wait_for("/a", 8, 30)
            arrived_once_or_again(receiver, caller, "/a")
        assert findings(made.url) == []
