"""A million bills of one tenant: how long a page takes, however it is filtered, ordered and searched."""

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import median
from typing import Any

import asyncpg
import pytest

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.http.queries import decode_query
from dues.lists.finding import find
from dues.lists.paging import page_of
from dues.resources.bills.operations import BillQuery
from dues.resources.bills.store import BILLS
from tests.lists.test_plans import alone

pytestmark = [pytest.mark.soak, pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="takes minutes")]

COUNT = 1_000_000
OWNERS = 999
FIRST_MS, EACH_MS = 1_767_225_600_000, 20_000
"""The first is of the first day of 2026, each other so much later: 231 days in all."""

TODAY = date(2026, 8, 20)

PAGE_MS_MAX = 20.0
AGAIN = 15

ID = """(select string_agg(substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
        1 + ((($3::bigint + n * $4::bigint) / (62::bigint ^ place)::bigint) % 62)::integer, 1), '' order by place desc)
   from generate_series(0, 7) place) || lpad(n::text, 13, '0')"""

FILL = f"""
insert into bills (cell, tenant_id, id, external_reference, reference_folded, customer_id, account_id, currency,
                   amount_due, amount_paid, status, bill_on, due_on, created_at)
select $1, $2, 'bill_' || {ID}, 'INV-' || n, 'inv-' || n, 'bcus_' || lpad((n % {OWNERS})::text, 21, '0'),
       case when n % 3 > 0 then 'bacc_' || lpad((n % {OWNERS})::text, 21, '0') end,
       case when n % 1001 = 0 then 'USD' else 'ZAR' end, 1000 + n * 7919::bigint % 900000,
       case when n % 10 < 8 then 1000 + n * 7919::bigint % 900000 else 0 end,
       case n % 10 when 8 then 'unpaid' when 9 then 'voided' else 'paid' end,
       to_timestamp(($3::bigint + n * $4::bigint) / 1000)::date,
       case when n % 20 > 0 then to_timestamp(($3::bigint + n * $4::bigint) / 1000)::date + 30 end,
       to_timestamp(($3::bigint + n * $4::bigint) / 1000.0)
  from generate_series($5::integer, $6::integer) n
"""
"""Four of five are paid, about one of a thousand is in dollars, and all of a day have one due date."""

OWNER = f"customer=bcus_{7:021}"

ASKED = [
    "",
    "status=unpaid",
    f"{OWNER}&status=unpaid&currency=ZAR",
    "created_at[gte]=2026-03-01T00:00:00Z&created_at[lte]=2026-04-01T00:00:00Z",
    "created_at[gte]=2026-03-01T00:00:00Z&order=created_at&status=unpaid",
    f"created_at[gte]=2026-03-01T00:00:00Z&order=created_at&{OWNER}",
    "overdue=true",
    "overdue=true&currency=USD",
    f"overdue=true&{OWNER}",
    f"overdue=true&account=bacc_{7:021}&order=-due_date",
    "due_date[gte]=2026-05-01&due_date[lte]=2026-05-31",
    "due_date[gte]=2026-05-01&status=paid&currency=USD",
    f"due_date[gte]=2026-05-01&{OWNER}",
    "order=-due_date",
    "bill_date[gte]=2026-05-01&bill_date[lte]=2026-05-01",
    "bill_date[lte]=2026-05-01&status=voided",
    "amount[gte]=500000&amount[lte]=500100",
    "amount[gte]=1&currency=USD&order=amount",
    "order=-amount",
    "q=inv-",
    "q=INV-99999",
    "q=inv-5&status=unpaid&currency=USD",
    "q=nothing",
]


@dataclass
class Stock:
    """The tenant, and a connection like the server's."""

    runner: asyncio.Runner
    database: Database
    tenant: Tenant

    def page_ms(self, asked: str, cursor: str | None = None) -> tuple[float, str | None]:
        """How long a page took, and the cursor of the next."""
        query = decode_query((asked + (f"&cursor={cursor}" if cursor else "")).strip("&").encode(), BillQuery)
        started = time.perf_counter()
        found = self.runner.run(find(self.database, BILLS, self.tenant, query, TODAY))
        took = 1000 * (time.perf_counter() - started)
        return took, page_of(query, self.tenant, BILLS.name, found).next_cursor


@pytest.fixture(scope="module")
def stock(database_url: str) -> Iterator[Stock]:
    """A tenant with a million bills."""
    with alone(database_url) as (url, runner, database, tenant):
        runner.run(fill(url, tenant))
        yield Stock(runner, database, tenant)


async def fill(url: str, tenant: Tenant) -> None:
    """Bills alone: who owns them is looked up for nobody."""
    connection = await asyncpg.connect(url, command_timeout=600)
    try:
        await connection.execute("set session_replication_role = replica")
        for first in range(0, COUNT, 100_000):
            await connection.execute(FILL, *tenant, FIRST_MS, EACH_MS, first + 1, first + 100_000)
        await connection.execute("vacuum analyze bills")
    finally:
        await connection.close()


def test_every_page_takes_less_than_twenty_milliseconds(stock: Stock, capsys: pytest.CaptureFixture[str]) -> None:
    lines, slow = [], []
    for asked in ASKED:
        cursor: str | None = None
        for page in ("first", "51st"):
            for _ in range(50 if page == "51st" else 0):
                _, following = stock.page_ms(asked, cursor)
                if following is None:
                    break
                cursor = following
            times = [stock.page_ms(asked, cursor)[0] for _ in range(AGAIN + 2)][2:]
            lines.append(f"| {asked or 'no filter'} | {page} | {median(times):.1f} | {max(times):.1f} |")
            if median(times) > PAGE_MS_MAX:
                slow.append(lines[-1])
    with capsys.disabled():
        print("", f"| {COUNT:,} bills: GET /billing/bills? | page | p50 ms | max ms |", *lines, sep="\n")
    assert not slow


def test_there_is_what_is_asked_for(stock: Stock) -> None:
    def ids(asked: str) -> list[Any]:
        query = decode_query(asked.encode(), BillQuery)
        return stock.runner.run(find(stock.database, BILLS, stock.tenant, query, TODAY))

    for asked in ASKED[:-1]:
        assert ids(asked), asked
    made = [row["created_at"] for row in stock.runner.run(stock.database.rows(MADE, *stock.tenant))]
    assert made[0] == datetime(2026, 1, 1, 0, 0, 20, tzinfo=UTC)


MADE = "select created_at from bills where cell = $1 and tenant_id = $2 order by id limit 1"
