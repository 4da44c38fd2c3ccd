"""Imports while others are at work: two files of the same people, two processes, and payments that land meanwhile."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest

from tests.resources.imports.conftest import Importing
from tests.resources.imports.test_killed import worker
from tests.resources.payments.paying import pay
from tests.running import Caller

PEOPLE = 1_200
"""Two groups of rows."""

FIRST, THEN = 900_000, 800_000


def debts(amount: int) -> str:
    rows = (f"CUST-{number},ZAR,{amount}" for number in range(PEOPLE))
    return "\n".join(["external_reference,currency,balance", *rows])


@contextmanager
def paying(caller: Caller, over: Event) -> Iterator[Any]:
    """Payments of these people, one after another, until it is over: gives how much each has paid."""
    paid: Counter[str] = Counter()

    def go_on() -> None:
        while not over.is_set():
            reference, amount = f"CUST-{random.randrange(PEOPLE)}", random.randrange(1, 100)
            answer = pay(caller, customer=reference, amount=amount)
            assert answer.status_code == 201, answer.text
            paid[reference] += amount

    with ThreadPoolExecutor(1) as crowd:
        future = crowd.submit(go_on)
        try:
            yield paid
        finally:
            over.set()
        future.result()


@pytest.mark.slow
def test_payments_that_land_meanwhile_are_kept_on_top_of_the_last_file(importing: Importing, database_url: str) -> None:
    caller = importing.caller
    begun = importing.run(debts(FIRST), kind="customers")
    assert begun["rows"]["created"] == PEOPLE
    beside = [worker(database_url), worker(database_url)]
    try:
        with paying(caller, Event()) as paid:
            jobs = [
                importing.send(debts(amount), kind="customers", as_of=begun["completed_at"]).json()
                for amount in (FIRST - 1, THEN)
            ]
            ended = [importing.end(job) for job in jobs]
    finally:
        for process in beside:
            process.kill()
            process.wait()
    assert [(job["status"], job["rows"]["updated"]) for job in ended] == [("completed", PEOPLE)] * 2
    assert sum(paid.values()) > 0
    there = {one["external_reference"]: one["balance"] for one in caller.everything("/billing/customers", limit=100)}
    assert there == {reference: THEN - paid[reference] for reference in there}
    assert len(there) == PEOPLE
