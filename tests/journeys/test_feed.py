"""Whoever follows the feed of events misses nothing and sees nothing twice, whatever is committed when."""

import asyncio
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from dues.events.retention.purge import purge_events
from tests.conftest import Ask, Merchant
from tests.journeys.journal import SOAK
from tests.journeys.outgoing import register_customers, rename
from tests.journeys.own_database import rows_of, until
from tests.observing import unobserved
from tests.running import Caller, RunningServer

LOAD_SECONDS = 60.0 if SOAK else 2.0


def page(caller: Caller, **parameters: str | int) -> Any:
    """One page of the feed, oldest first."""
    answer = caller.http.get("/billing/events", params={"order": "oldest_first", **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()


def end_of(caller: Caller) -> str:
    """The cursor behind all events."""
    found = page(caller, limit=100)
    while found["has_more"]:
        found = page(caller, limit=100, cursor=found["next_cursor"])
    cursor: str = found["next_cursor"]
    return cursor


class Follower:
    """Follows the feed, in a thread of its own, from one server or from several in turn."""

    def __init__(self, *callers: Caller, limit: int = 20, wait: int = 2, **filters: str) -> None:
        self._callers = callers
        self._asked: dict[str, str | int] = {"limit": limit, "wait": wait, **filters}
        self.seen: list[Any] = []
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> "Follower":
        self._running = self._pool.submit(self._follow)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._running.result(30)
        self._pool.shutdown()

    def _follow(self) -> None:
        cursor: dict[str, str] = {}
        number = 0
        while not self._over.is_set():
            found = page(self._callers[number % len(self._callers)], **self._asked, **cursor)
            self.seen += found["data"]
            cursor = {"cursor": found["next_cursor"]}
            number += 1

    @property
    def ids(self) -> list[str]:
        """The ids of the events it has seen."""
        return [one["id"] for one in self.seen]


def hold_to_order(seen: list[Any]) -> None:
    """Nothing is there twice, and the events of each object are numbered 1, 2, 3 …"""
    assert len({one["id"] for one in seen}) == len(seen)
    numbers = defaultdict(list)
    for one in seen:
        numbers[one["object_id"]].append(one["sequence"])
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


def work_for(callers: list[Caller], seconds: float) -> None:
    """Customers come, are renamed and billed, through any of the servers."""
    over = time.monotonic() + seconds
    customers: list[str] = []
    while time.monotonic() < over:
        caller = random.choice(callers)
        dice = random.random()
        if dice < 0.4 or not customers:
            customers += register_customers(caller, 1)
        elif dice < 0.8:
            rename(caller, random.choice(customers))
        else:
            caller.make_bill(customer=random.choice(customers))


@contextmanager
def transaction(url: str) -> Iterator[Callable[..., object]]:
    """A transaction of somebody else, which is rolled back unless "commit" is run in it."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(url))
    loop.run_until_complete(connection.execute("begin"))
    try:
        yield lambda statement, *arguments: loop.run_until_complete(connection.execute(statement, *arguments))
    finally:
        loop.run_until_complete(connection.close())
        loop.close()


SLOW_UPDATE = """
insert into events (cell, tenant_id, id, type, object_id, data, created_at, sequence)
select cell, tenant_id, id || 'slow', 'customer.updated', object_id, data, now(), sequence + 1
  from events where object_id = $1
"""


# Nothing is missed ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.soak
def test_who_follows_misses_nothing_and_sees_nothing_twice(
    server: RunningServer, second_server: RunningServer, merchant: Merchant
) -> None:
    here, there = merchant.caller(), merchant.caller(base=second_server.base)
    with (
        Follower(here) as one,
        Follower(here, there, limit=3, wait=0) as both,
        Follower(there, type="customer.created,bill.created") as some,
        ThreadPoolExecutor(4) as crowd,
    ):
        for future in [
            crowd.submit(work_for, [merchant.caller(), merchant.caller(base=second_server.base)], LOAD_SECONDS)
            for _ in range(4)
        ]:
            future.result()
        everything = here.everything("/billing/events", limit=20)
        ids = {one["id"] for one in everything}
        assert len(ids) == len(everything) > 20
        until(lambda: all(len(follower.seen) >= len(ids) for follower in (one, both)), 30 + 2 * LOAD_SECONDS)
    for follower in (one, both):
        assert set(follower.ids) == ids
        hold_to_order(follower.seen)
    assert one.ids == both.ids, "in one order for everybody"
    assert some.ids == [event["id"] for event in one.seen if event["type"] in ("customer.created", "bill.created")]
    assert [event["id"] for event in reversed(everything)] == one.ids


@pytest.mark.slow
def test_what_is_committed_later_is_not_passed(database_url: str, alice: Caller) -> None:
    [customer] = register_customers(alice, 1)
    with Follower(alice, wait=1) as follower:
        until(lambda: len(follower.seen) == 1)
        with transaction(database_url) as run:
            run(SLOW_UPDATE, customer)
            later = register_customers(alice, 3)
            time.sleep(3)
            assert len(follower.seen) == 1, "none that has a later place"
            run("commit")
        until(lambda: len(follower.seen) == 5)
    assert [one["object_id"] for one in follower.seen] == [customer, customer, *later]
    hold_to_order(follower.seen)


def test_what_is_rolled_back_is_passed(database_url: str, alice: Caller) -> None:
    [customer] = register_customers(alice, 1)
    with Follower(alice, wait=1) as follower:
        with transaction(database_url) as run:
            run(SLOW_UPDATE, customer)
            later = register_customers(alice, 3)
            run("rollback")
        until(lambda: len(follower.seen) == 4, seconds=5)
    assert [one["object_id"] for one in follower.seen] == [customer, *later]


# Waiting ----------------------------------------------------------------------------------------------------------


def test_a_wait_ends_when_another_process_commits(second_server: RunningServer, merchant: Merchant) -> None:
    here, there = merchant.caller(), merchant.caller(base=second_server.base)
    cursor = end_of(here)
    slowest = 0.0
    with ThreadPoolExecutor(1) as pool:
        for _ in range(5):
            waiting = pool.submit(page, here, cursor=cursor, wait=20)
            time.sleep(0.2)
            [customer] = register_customers(there, 1)
            committed = time.monotonic()
            found = waiting.result(10)
            slowest = max(slowest, time.monotonic() - committed)
            assert [one["object_id"] for one in found["data"]] == [customer]
            cursor = found["next_cursor"]
    assert slowest < 0.7, "sooner than it would look by itself"


def test_a_wait_ends_empty_when_its_time_is_over(alice: Caller, mallory: Caller) -> None:
    cursor = end_of(alice)
    started = time.monotonic()
    register_customers(mallory, 1)
    found = page(alice, cursor=cursor, wait=1)
    assert 1 <= time.monotonic() - started < 3
    assert (found["data"], found["has_more"]) == ([], False)
    [customer] = register_customers(alice, 1)
    assert [one["object_id"] for one in page(alice, cursor=found["next_cursor"])["data"]] == [customer]


@pytest.mark.slow
def test_many_who_wait_hold_up_nobody_and_not_the_end_of_the_server(
    database_url: str, merchant: Merchant, log_path: Path
) -> None:
    server = RunningServer(database_url=database_url, log=log_path, webhooks="false")
    with server.running(), ThreadPoolExecutor(30) as pool:
        alice = merchant.caller(base=server.base)
        cursor = end_of(alice)
        waiting = [pool.submit(page, merchant.caller(base=server.base), cursor=cursor, wait=30) for _ in range(30)]
        time.sleep(1)
        started = time.monotonic()
        [customer] = register_customers(alice, 1)
        assert time.monotonic() - started < 1
        for one in waiting:
            assert [event["object_id"] for event in one.result(5)["data"]] == [customer]
        cursor = end_of(alice)
        waiting = [pool.submit(page, merchant.caller(base=server.base), cursor=cursor, wait=30) for _ in range(30)]
        time.sleep(1)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5
        assert all(one.result(1)["data"] == [] for one in waiting), "they are answered"


# Whose, and for how long ------------------------------------------------------------------------------------------


def test_who_stood_before_what_is_deleted_is_told(ask: Ask[None], alice: Caller, database_url: str) -> None:
    [customer] = register_customers(alice, 1)
    early = page(alice, limit=1)["next_cursor"]
    rename(alice, customer)
    rename(alice, customer)
    late = end_of(alice)
    long_ago = datetime.now(UTC) - timedelta(days=400)
    rows_of(database_url, "update events set created_at = $2 where object_id = $1", customer, long_ago)
    rows_of(database_url, "update customers set created_at = $2 where id = $1", customer, long_ago)
    ask(lambda database: purge_events(database, datetime.now(UTC) - timedelta(days=365), unobserved))
    answer = alice.http.get("/billing/events", params={"order": "oldest_first", "cursor": early})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "cursor_expired")
    assert page(alice)["data"] == []
    assert alice.everything("/billing/events") == []
    rename(alice, customer)
    [told] = page(alice, cursor=late)["data"]
    assert told["sequence"] == 4, "its number goes on"
    assert page(alice)["data"] == [told]


def test_nobody_sees_another_ones_events(merchant: Merchant, mallory: Caller) -> None:
    alice, live = merchant.caller(), merchant.caller("live")
    [customer] = register_customers(alice, 1)
    rename(alice, customer)
    first = page(alice, limit=1)
    event, cursor = first["data"][0]["id"], first["next_cursor"]
    for stranger in (mallory, live):
        for order in ("oldest_first", "newest_first"):
            for filters in ({}, {"object": customer}, {"type": "customer.created,customer.updated"}):
                assert stranger.everything("/billing/events", order=order, **filters) == []
        for asked in ({"after": event}, {"cursor": cursor}):
            answer = stranger.http.get("/billing/events", params={"order": "oldest_first", **asked})
            assert answer.status_code in (400, 404), answer.text
            assert customer not in answer.text
        assert stranger.get(f"/billing/events/{event}").status_code == 404
    anybody = merchant.caller(kind="public")
    assert anybody.get("/billing/events").status_code == 403
    assert [one["sequence"] for one in page(alice, after=event)["data"]] == [2]
