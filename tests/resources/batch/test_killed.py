"""The server is killed in the middle of a batch: sent again, it is what it would have been."""

import json
import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.conftest import Merchant
from tests.resources.batch.batching import Answers, Line, line, send
from tests.running import Caller, RunningServer, new_reference

SOAK = os.environ.get("DUES_TEST_SOAK") == "1"

KILLS = 100 if SOAK else 2

LINES = 900
"""Several slices; it takes about half a second."""


def wanted() -> list[Line]:
    """Lines of which every third needs what those before it made."""
    made: list[Line] = []
    for _ in range(LINES // 3):
        name = new_reference()
        opening = {"currency": "ZAR", "balance": 500}
        made += [
            line("customers", {"external_reference": name} | opening),
            line("payments", {"external_reference": name, "customer": name, "amount": 300, "currency": "ZAR"}),
            line(f"payments/{name}/reverse", {"reason": "bounced"}),
        ]
    return made


@pytest.mark.slow
def test_a_batch_that_was_killed_is_sent_again(
    database_url: str, log_path: Path, new_merchant: Callable[[], Merchant]
) -> None:
    server = RunningServer(database_url=database_url, log=log_path, webhooks="false")
    server.start()
    cut_off = 0
    try:
        for number in range(KILLS):
            merchant, lines, mode = new_merchant(), wanted(), "all" if number % 2 else "each"
            caller = merchant.caller(base=server.base)
            with ThreadPoolExecutor(1) as pool:
                begun = pool.submit(send, caller, lines, mode)
                time.sleep(random.uniform(0.05, 0.35))
                server.kill()
                first: Answers | None = None
                try:
                    first = begun.result()
                except httpx.TransportError:
                    cut_off += 1
            server.start()
            caller = merchant.caller(base=server.base)
            stood = len(caller.everything("/billing/customers", limit=100))
            assert mode == "each" or stood in (0, LINES // 3)
            again = send(caller, lines, mode)
            hold_to(caller, lines, again)
            assert sum(one["headers"].get("idempotent-replayed") == "true" for one in again) >= 3 * (stood - 1)
            if first:
                assert [one["body"] for one in first] == [one["body"] for one in again]
    finally:
        if server.process and server.process.poll() is None:
            server.stop()
    assert cut_off, "every batch had ended when its server was killed"


def hold_to(caller: Caller, lines: list[Line], again: Answers) -> None:
    """Everything was done once, and is answered the same however often it is sent."""
    assert {one["status"] for one in again} == {200, 201}
    customers = caller.everything("/billing/customers", limit=100)
    assert [one["balance"] for one in customers] == [500] * (LINES // 3)
    assert len(caller.everything("/billing/payments", limit=100, status="reversed")) == LINES // 3
    once_more = send(caller, lines)
    assert [json.dumps(one["body"]) for one in once_more] == [json.dumps(one["body"]) for one in again]
    assert {one["headers"].get("idempotent-replayed") for one in once_more} == {"true"}
