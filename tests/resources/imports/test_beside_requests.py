"""An import beside a server that writes: its groups are smaller, and its work is the same."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from dues.db.database import Database
from dues.db.migrate import migrate
from dues.db.sessions import session_name
from dues.jobs.leases.store import lease_job
from dues.resources.imports.carry_out import GROUP_ROWS_BESIDE, Carrier
from dues.resources.imports.input import ImportInput
from dues.resources.imports.receive import Received, Sender, receive
from tests.db.databases import EmptyDatabases
from tests.resources.imports.test_at_random import tenant_of_nobody

ROWS = 2 * GROUP_ROWS_BESIDE + 50


async def groups(database: Database) -> list[int]:
    """How many rows each transaction of an import carried out."""
    tenant = await tenant_of_nobody(database)

    async def data() -> AsyncIterator[bytes]:
        lines = "\n".join(f"CUST-{number},ZAR,{number}" for number in range(ROWS))
        yield f"external_reference,currency,balance\n{lines}".encode()

    now = datetime.now(UTC)
    wanted = ImportInput(kind="customers", file_name="a.csv", again=True)
    received = await receive(database, Sender(tenant, "system", None, now, timedelta(days=1)), wanted, data())
    assert isinstance(received, Received)
    leased = await lease_job(database, tenant.cell, "me", now, now + timedelta(minutes=5))
    assert leased
    done = await Carrier(database, "me").run(leased)
    assert (done.status, done.counts) == ("completed", {"created": ROWS})
    statement = "select count(*) as rows from import_rows where import_id = $1 group by xmin::text order by min(line)"
    return [row["rows"] for row in await database.rows(statement, done.id)]


@pytest.mark.parametrize(("writes", "found"), [(True, [200, 200, 50]), (False, [ROWS])])
def test_groups_are_smaller_while_a_server_writes(databases: EmptyDatabases, writes: bool, found: list[int]) -> None:
    url = databases.new()  # where no server of other tests writes
    asyncio.run(migrate(url))

    async def write(server: Database) -> None:
        while True:
            await server.rows("with w0 as (select pg_sleep(0.02)) select count(*) from w0")

    async def carry_out() -> list[int]:
        database = await Database.connect(url, 4)
        server = await Database.connect(url, 1, application_name=session_name("serves"))
        writing = asyncio.create_task(write(server)) if writes else None
        try:
            return await groups(database)
        finally:
            if writing:
                writing.cancel()
                await asyncio.wait([writing])
            await server.close()
            await database.close()

    assert asyncio.run(carry_out()) == found
