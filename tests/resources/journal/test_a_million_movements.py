"""A million bills and as many entries of one tenant: how long their journal takes, and how much memory."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from dues.db.database import Database
from dues.domain.tenants import Tenant
from tests.lists.test_a_million_bills import fill
from tests.lists.test_plans import alone

pytestmark = [pytest.mark.soak, pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="takes minutes")]

SECONDS_MAX = 180.0

MORE_MEMORY_MAX = 50e6

ENTRIES = """
insert into entries (cell, tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason, request_id,
                     created_at, hash, salt, version)
select $1, $2, b.customer_id, row_number() over (partition by b.customer_id order by b.id),
       'ent_' || substr(b.id, 6), 'adjustment', b.currency, 100, row_number() over (partition by b.customer_id order by b.id) * 100,
       'charge', 'req_', b.created_at, '\\x00'::bytea || sha256('')::bytea, null, 2
  from bills b
 where b.cell = $1 and b.tenant_id = $2
"""


@pytest.fixture(scope="module")
def stock(database_url: str) -> Iterator[tuple[asyncio.Runner, Database, Tenant]]:
    """A tenant with a million bills, and an entry for each."""
    with alone(database_url) as (url, runner, database, tenant):
        runner.run(fill(url, tenant))
        yield runner, database, tenant
