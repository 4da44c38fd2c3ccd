"""A million open bills of one tenant: how long their ageing takes, today's and that of a day that is over."""

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from statistics import median

import asyncpg
import pytest
from msgspec import structs

from dues.db.database import Database
from dues.domain.refusals import Refusal
from dues.domain.tenants import Tenant
from dues.http.queries import decode_query
from dues.resources.ageing.query import AgeingQuery
from dues.resources.ageing.read import read_ageing
from dues.resources.ageing.wire import AgeingBody
from tests.lists.test_plans import alone
from tests.resources.exports.test_a_million_rows import call_of

pytestmark = [pytest.mark.soak, pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="takes minutes")]

COUNT = 1_000_000
CUSTOMERS = 50_000

TOTALS_SECONDS_MAX = 1.0
PAGE_SECONDS_MAX = 0.3
PAST_SECONDS_MAX = 10.0

CROWDED = 3.0
"""How many times as long it may take on a machine that has others to serve."""

ID = "lpad({}::text, 18, '0')"

FILL = [
    f"""
    insert into customers (cell, tenant_id, id, external_reference, name, currency, balance, created_at)
    select $1, $2, 'bcus_0Ue' || {ID.format("n")}, 'CUST-' || n, 'Customer ' || n, 'ZAR',
           case when n % 7 = 0 then -(n % 500) end, now()
      from generate_series(0, {CUSTOMERS - 1}) n
    """,
    f"""
    insert into accounts (cell, tenant_id, id, external_reference, customer_id, currency, balance, created_at)
    select $1, $2, 'bacc_0Ue' || {ID.format("n")}, 'ACC-' || n, 'bcus_0Ue' || {ID.format(f"(n % {CUSTOMERS})")}, 'ZAR',
           n * 7919 % 3000 - 500, now()
      from generate_series(0, {2 * CUSTOMERS - 1}) n
    """,
    f"""
    insert into bills (cell, tenant_id, id, external_reference, reference_folded, customer_id, currency, amount_due,
                       amount_paid, status, bill_on, due_on, created_at)
    select $1, $2, 'bill_0Ue' || {ID.format("n")}, 'INV-' || n, 'inv-' || n,
           'bcus_0Ue' || {ID.format(f"(n * 7919::bigint % {CUSTOMERS})")},
           case when n % 1001 = 0 then 'USD' else 'ZAR' end, 1000 + n * 7919::bigint % 900000,
           case when n % 9 = 0 then 500 else 0 end, 'unpaid', current_date - 180 + n / 6000,
           case when n % 20 > 0 then current_date - 150 + n / 6000 end,
           now() - interval '180 days' + n * interval '15 seconds'
      from generate_series(0, {COUNT - 1}) n
    """,
    """
    insert into entries (cell, tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason,
                         request_id, created_at, hash, salt, version)
    select $1, $2, b.id, 1, 'ent_' || substr(b.id, 6), 'adjustment', b.currency, 500, 500, 'by hand', 'req_',
           b.created_at, sha256(''), '', 2
      from bills b
     where b.cell = $1 and b.tenant_id = $2 and b.amount_paid > 0
    """,
]


@pytest.fixture(scope="module")
def stock(database_url: str) -> Iterator[tuple[asyncio.Runner, Database, Tenant]]:
    """A tenant with a million open bills, of which every ninth has been paid in part."""
    with alone(database_url) as (url, runner, database, tenant):
        runner.run(fill(url, tenant))
        yield runner, database, tenant


async def fill(url: str, tenant: Tenant) -> None:
    """All of it, over a connection that plans as PostgreSQL does by itself."""
    connection = await asyncpg.connect(url, command_timeout=900)
    try:
        await connection.execute("set session_replication_role = replica")
        for statement in FILL:
            await connection.execute(statement, *tenant)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        ("", TOTALS_SECONDS_MAX),
        ("by=customer&currency=ZAR", PAGE_SECONDS_MAX),
        ("by=customer&currency=ZAR&order=due_date", PAGE_SECONDS_MAX),
        ("by=bill&currency=ZAR", TOTALS_SECONDS_MAX),
        ("as_of={past}", PAST_SECONDS_MAX),
        ("by=customer&currency=ZAR&as_of={past}", 2 * PAST_SECONDS_MAX),
    ],
)
def test_it_takes_no_longer_than_people_wait(
    stock: tuple[asyncio.Runner, Database, Tenant], asked: str, most: float, capsys: pytest.CaptureFixture[str]
) -> None:
    runner, database, tenant = stock
    call = call_of(database, tenant)
    day = call.key.today - timedelta(days=31)
    query = decode_query(asked.format(past=day).encode(), AgeingQuery)

    async def read(cursor: str | None) -> tuple[float, AgeingBody]:
        started = time.perf_counter()
        body = await read_ageing(structs.replace(call, query=structs.replace(query, cursor=cursor)))
        assert not isinstance(body, Refusal)
        return time.perf_counter() - started, body

    _, first = runner.run(read(None))
    again = 3 if "past" in asked else 9
    times = sorted(runner.run(read(None))[0] for _ in range(again))
    later = sorted(runner.run(read(first.next_cursor))[0] for _ in range(again)) if first.has_more else [0.0]
    with capsys.disabled():
        print(
            f"\n{asked or 'totals'}: p50 {median(times):.3f} s, best {times[0]:.3f} s; next page {median(later):.3f} s"
        )
    assert first.data
    assert times[0] < most * CROWDED
