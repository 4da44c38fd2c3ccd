"""A million bills and as many entries of one tenant: how long their journal takes, and how much memory."""

import asyncio
import os
import time
from collections.abc import Iterator

import asyncpg
import psutil
import pytest
from msgspec import structs

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.http.queries import decode_query
from dues.resources.journal.query import JournalQuery
from dues.resources.journal.write import read_journal
from tests.lists.test_a_million_bills import COUNT, fill
from tests.lists.test_plans import alone
from tests.resources.exports.test_a_million_rows import call_of

pytestmark = [pytest.mark.soak, pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="takes minutes")]

SECONDS_MAX = 600.0
"""Of a machine that has others to serve too: a file may take half an hour."""

MORE_MEMORY_MAX = 50e6

CUSTOMERS = """
insert into customers (cell, tenant_id, id, external_reference, created_at)
select $1, $2, 'bcus_' || lpad(n::text, 21, '0'), 'CUST-' || n, now() from generate_series(0, 999) n
"""

ENTRIES = """
insert into entries (cell, tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason, request_id,
                     created_at, hash, salt, version)
select $1, $2, b.customer_id, row_number() over by_owner, 'ent_' || substr(b.id, 6), 'adjustment', b.currency, 100,
       100 * row_number() over by_owner, 'charge', 'req_', b.created_at, sha256(''), '', 2
  from bills b
 where b.cell = $1 and b.tenant_id = $2
window by_owner as (partition by b.customer_id order by b.id)
"""


@pytest.fixture(scope="module")
def stock(database_url: str) -> Iterator[tuple[asyncio.Runner, Database, Tenant]]:
    """A tenant with a million bills, and an entry for each."""
    with alone(database_url) as (url, runner, database, tenant):
        runner.run(fill(url, tenant))
        runner.run(fill_more(url, tenant))
        yield runner, database, tenant


async def fill_more(url: str, tenant: Tenant) -> None:
    """Customers, and an entry for each bill."""
    connection = await asyncpg.connect(url, command_timeout=300)
    try:
        for statement in (CUSTOMERS, ENTRIES):
            await connection.execute(statement, *tenant)
        await connection.execute("analyze customers, entries")
    finally:
        await connection.close()


@pytest.mark.parametrize("asked", [b"", b"from=2026-03-01&to=2026-03-31", b"summary=true&format=csv"])
def test_they_take_some_time_and_no_memory(stock: tuple[asyncio.Runner, Database, Tenant], asked: bytes) -> None:
    runner, database, tenant = stock
    process = psutil.Process()

    async def read() -> tuple[int, int, float, float]:
        call = structs.replace(call_of(database, tenant), query=decode_query(asked, JournalQuery))
        document = await read_journal(call)
        number = size = 0
        early = late = 0.0
        async for part in document.parts:
            number += part.count(b"; id: ")
            size += len(part)
            late = process.memory_info().rss
            early = early or late
        return number, size, early, late

    started = time.monotonic()
    number, size, early, late = runner.run(read())
    seconds = time.monotonic() - started
    print(f"\n{asked.decode()}: {number:,} transactions, {size / 1e6:.0f} MB: {seconds:.1f} s; ", end="")
    print(f"memory {early / 1e6:.0f} → {late / 1e6:.0f} MB")
    if not asked:
        assert number > 2 * COUNT
    assert seconds < SECONDS_MAX
    assert late - early < MORE_MEMORY_MAX
