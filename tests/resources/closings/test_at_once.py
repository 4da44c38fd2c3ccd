"""A closing and an entry at once, in two processes: one of them sees the other."""

import asyncio
import itertools
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.conftest import Ask, Merchant
from tests.resources.closings.closing import close, closed, pay_on, today
from tests.resources.payments.paying import new_bill
from tests.running import Caller, RunningServer

DAY = timedelta(days=1)

TENANT = "select cell, id from tenants where merchant_id = $1 and mode = 'test'"

CLOSE = """
insert into closings (cell, tenant_id, id, through_on, time_zone, begins_at, ends_at, totals, created_at)
values ($1, $2, 'cls_by_hand', $3, 'UTC', '1970-01-01', $4, '[]', now())
"""

EVENT = """
insert into events (cell, tenant_id, id, type, object_id, sequence, data, created_at)
values ($1, $2, 'evt_by_hand', 'closing.created', 'cls_by_hand', 1, '{}', now())
"""

WAITS = """
select count(*) from pg_locks
 where locktype = 'advisory' and not granted
   and (classid::bigint << 32) + objid::bigint = hashtextextended('closings', $1)
"""


class Meanwhile:
    """What happens in another process while somebody holds something open in the database."""

    def __init__(self, url: str, merchant: Merchant) -> None:
        self._url, self._merchant = url, merchant
        self.answer: Any = None

    def run(self, statements: list[tuple[str, tuple[Any, ...]]], call: Callable[[], Any]) -> Any:
        """Executes the statements, waits until the call waits for them, and commits."""

        async def hold() -> None:
            connection = await asyncpg.connect(self._url)
            try:
                [tenant] = await connection.fetch(TENANT, self._merchant.id)
                async with connection.transaction():
                    for statement, values in statements:
                        await connection.execute(statement, *tenant, *values)
                    caller = threading.Thread(target=self._call, args=(call,))
                    caller.start()
                    async with asyncio.timeout(3):
                        while not await connection.fetchval(WAITS, tenant["id"]):
                            assert self.answer is None, self.answer.text
                            await asyncio.sleep(0.01)
                await asyncio.to_thread(caller.join)
            finally:
                await connection.close()

        asyncio.run(hold())
        return self.answer

    def _call(self, call: Callable[[], Any]) -> None:
        self.answer = call()


@pytest.fixture
def meanwhile(database_url: str, merchant: Merchant) -> Meanwhile:
    return Meanwhile(database_url, merchant)


def test_an_entry_that_read_before_a_closing_was_committed_is_refused(alice: Caller, meanwhile: Meanwhile) -> None:
    day = today(alice) - DAY
    bill = new_bill(alice, amount_due=500)
    ends_at = datetime.combine(day + DAY, datetime.min.time(), UTC)
    answer = meanwhile.run([(CLOSE, (day, ends_at)), (EVENT, ())], lambda: pay_on(alice, bill, day))
    assert (answer.status_code, answer.json()["code"]) == (409, "period_closed")
    assert alice.everything("/billing/payments") == []


def test_a_closing_waits_for_an_entry_that_is_being_written(alice: Caller, meanwhile: Meanwhile) -> None:
    day = today(alice) - DAY
    check = "insert into closing_checks (cell, tenant_id) values ($1, $2)"
    answer = meanwhile.run([(check, ())], lambda: close(alice, day))
    assert answer.status_code == 201, answer.text


def test_what_is_of_today_waits_for_nobody_who_closes(alice: Caller, ask: Ask[None], merchant: Merchant) -> None:
    day = today(alice) - DAY
    bill = new_bill(alice, amount_due=500)

    async def hold(database: Any) -> None:
        [tenant] = await database.rows(TENANT, merchant.id)
        async with database.transaction() as tx:
            lock = "select pg_advisory_xact_lock(hashtextextended('closings', $1::integer))"
            await tx.lock(lock, tenant["id"])
            answer = await asyncio.to_thread(lambda: pay_on(alice, bill, day + DAY))
            assert answer.status_code == 201, answer.text

    ask(hold)


@pytest.mark.parametrize("number", range(6))
def test_of_both_at_once_in_two_processes_one_sees_the_other(
    merchant: Merchant, second_server: RunningServer, number: int
) -> None:
    here, there = merchant.caller(), merchant.caller(base=second_server.base)
    day = today(here) - 9 * DAY
    bill = new_bill(here, amount_due=500)
    answers: list[Any] = []
    for later in range(5):
        through = day + later * DAY
        both: list[Callable[[], Any]] = [lambda d=through: pay_on(there, bill, d), lambda d=through: close(here, d)]  # type: ignore[misc]
        threads = [threading.Thread(target=lambda do=do: answers.append(do())) for do in both[:: 1 - 2 * (number % 2)]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    told = here.get("/billing/events?limit=100&order=oldest_first").json()["data"]
    closings = {one["through"]: one for one in here.everything("/billing/closings")}
    assert len(closings) == 5
    for payment in here.everything("/billing/payments"):
        day_paid = date.fromisoformat(payment["paid_at"][:10])
        entered = next(n for n, one in enumerate(told) if one["data"].get("payment_id") == payment["id"])
        made = next(n for n, one in enumerate(told) if one["data"].get("id") == closings[str(day_paid)]["id"])
        assert entered < made


def test_of_two_closings_at_once_in_two_processes_one_is_first(
    merchant: Merchant, second_server: RunningServer
) -> None:
    here, there = merchant.caller(), merchant.caller(base=second_server.base)
    day = today(here) - 30 * DAY
    closed(here, day)
    answers: list[Any] = []
    whose = [(here, day + 5 * DAY), (there, day + 5 * DAY), (here, day + 3 * DAY), (there, day + 4 * DAY)]
    threads = [threading.Thread(target=lambda c=c, d=d: answers.append(close(c, d))) for c, d in whose]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = [answer.status_code for answer in answers]
    assert set(codes) <= {201, 409}
    assert 1 <= codes.count(201) <= 3
    found = list(reversed(here.everything("/billing/closings")))
    for one, following in itertools.pairwise(found):
        assert following["from"] == str(date.fromisoformat(one["through"]) + DAY)
