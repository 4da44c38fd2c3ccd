"""Whose turn it is: a tenant's jobs go one after another, those of several side by side."""

import asyncio
from datetime import UTC, datetime, timedelta

from dues.db.database import Database
from dues.db.migrate import migrate
from dues.jobs.leases.store import is_any_free, lease_job
from tests.db.databases import EmptyDatabases, execute

NOW = datetime(2026, 1, 20, tzinfo=UTC)

INSERT = """
insert into jobs (cell, tenant_id, id, status, input, created_at, updated_at, expires_at)
values (1, {tenant}, '{id}', 'applying', '{{}}', now(), '2026-01-01Z', now())
"""


def test_a_tenants_jobs_go_one_after_another_as_they_came(databases: EmptyDatabases) -> None:
    url = databases.new()
    asyncio.run(migrate(url))
    for tenant, name in ((1, "imp_2"), (1, "imp_1"), (2, "imp_3")):
        execute(url, INSERT.format(tenant=tenant, id=name))

    async def run() -> None:
        database = await Database.connect(url, 2)

        async def lease(holder: str, now: datetime = NOW) -> str | None:
            job = await lease_job(database, 1, holder, now, now + timedelta(minutes=1))
            return job.id if job else None

        async def execute_(statement: str) -> None:
            await database.rows(f"{statement} returning id")

        try:
            assert {await lease("one"), await lease("two")} == {"imp_1", "imp_3"}
            assert await lease("three") is None
            assert not await is_any_free(database, 1, NOW)
            # Whoever held the first died: it is the first again, and the next one still waits.
            later = NOW + timedelta(minutes=2)
            await execute_("update jobs set status = 'completed' where id = 'imp_3'")
            assert await lease("three", later) == "imp_1"
            assert await lease("four", later) is None
            await execute_("update jobs set status = 'completed' where id = 'imp_1'")
            assert await is_any_free(database, 1, later)
            assert await lease("four", later) == "imp_2"
            # One that is asked for again, such as after a dry run, waits for whoever is at work.
            await execute_("update jobs set status = 'checking', leased_until = null where id = 'imp_1'")
            assert await lease("five", later) is None
        finally:
            await database.close()

    asyncio.run(run())
