"""A statement beside a million open bills of others, and one of twenty thousand lines: how long each takes."""

import asyncio
import os
import time
from collections.abc import Iterator
from statistics import median

import asyncpg
import pytest
from msgspec import structs

from dues.db.database import Database
from dues.domain.refusals import Refusal
from dues.domain.tenants import Tenant
from dues.http.queries import decode_query
from dues.resources.doing import Call
from dues.resources.statements.query import StatementQuery
from dues.resources.statements.read import read_statement
from dues.resources.statements.store import Noun
from dues.resources.statements.write import write_statement
from tests.lists.test_plans import alone
from tests.resources.exports.test_a_million_rows import call_of

pytestmark = [pytest.mark.soak, pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="takes minutes")]

COUNT, CUSTOMERS, OF_THE_LARGEST = 1_000_000, 50_000, 10_000
"""Twenty bills of each customer, and one has as many as that, each paid in part: two lines each."""

STATEMENT_MS_MAX = 100.0

FILL = (
    """insert into customers (cell, tenant_id, id, external_reference, created_at)
       select $1, $2, 'bcus_' || lpad(n::text, 21, '0'), 'CUST-' || n, '2026-01-01'
         from generate_series(0, {customers}) n""",
    """insert into bills (cell, tenant_id, id, external_reference, customer_id, currency, amount_due, amount_paid,
                          bill_on, due_on, created_at)
       select $1, $2, 'bill_' || lpad(n::text, 21, '0'), 'INV-' || n,
              'bcus_' || lpad(case when n < {largest} then '0' else (1 + n % {customers})::text end, 21, '0'), 'ZAR',
              1000, 10, '2026-01-05', '2026-02-05', timestamptz '2026-01-05' + n * interval '1 second'
         from generate_series(0, {count} - 1) n""",
    """insert into entries (cell, tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason,
                            request_id, created_at, hash, salt, version)
       select $1, $2, 'bill_' || lpad(n::text, 21, '0'), 1, 'ent_' || lpad(n::text, 21, '0'), 'adjustment', 'ZAR', 10,
              10, 'by hand', 'req_', timestamptz '2026-01-06' + n * interval '1 second', sha256(''), '', 2
         from generate_series(0, {count} - 1) n""",
)


@pytest.fixture(scope="module")
def stock(database_url: str) -> Iterator[tuple[asyncio.Runner, Database, Tenant]]:
    """A tenant with all of it."""
    with alone(database_url) as (url, runner, database, tenant):
        runner.run(fill(url, tenant))
        yield runner, database, tenant


async def fill(url: str, tenant: Tenant) -> None:
    """All at once, over a connection that plans as PostgreSQL does by itself."""
    connection = await asyncpg.connect(url, command_timeout=600)
    try:
        await connection.execute("set session_replication_role = replica")
        for statement in FILL:
            sizes = {"customers": CUSTOMERS, "largest": OF_THE_LARGEST, "count": COUNT}
            await connection.execute(statement.format(**sizes), *tenant)
        await connection.execute("vacuum analyze customers, bills, entries")
    finally:
        await connection.close()


def asked(database: Database, tenant: Tenant, number: int) -> Call:
    query = decode_query(b"from=2026-01-01&to=2026-12-31", StatementQuery)
    return structs.replace(call_of(database, tenant), name=f"CUST-{number}", query=query)


def test_a_statement_takes_less_than_a_hundred_milliseconds(
    stock: tuple[asyncio.Runner, Database, Tenant], capsys: pytest.CaptureFixture[str]
) -> None:
    runner, database, tenant = stock
    noun: Noun = "customer"

    async def took(number: int) -> tuple[float, int]:
        started = time.perf_counter()
        body = await read_statement(asked(database, tenant, number), noun)
        assert not isinstance(body, Refusal), body
        lines = sum(len(one.movements) for one in body.currencies)
        return (time.perf_counter() - started) * 1000, lines

    times = [runner.run(took(number)) for number in range(1, 42)]
    assert {lines for _, lines in times} <= set(range(38, 42))
    most, lines = runner.run(took(0))

    async def table() -> tuple[float, int]:
        started, rows = time.perf_counter(), 0
        document = await write_statement(asked(database, tenant, 0), noun)
        assert not isinstance(document, Refusal)
        async for part in document.parts:
            rows += part.count(b"\r\n")
        return (time.perf_counter() - started) * 1000, rows

    whole, rows = runner.run(table())
    usual = median(ms for ms, _ in times)
    with capsys.disabled():
        print(
            f"\none of 40 lines: {usual:.1f} ms; of {lines:,}: {most:.0f} ms; as a table, {rows:,} rows: {whole:.0f} ms"
        )
    assert usual < STATEMENT_MS_MAX
    assert lines == 2 * OF_THE_LARGEST
    assert rows == lines + 3
