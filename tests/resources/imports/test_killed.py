"""Imports that are killed at any moment: whoever takes them over ends where nobody was killed."""

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dues.db.database import Database
from dues.db.migrate import migrate
from dues.db.statistics import analyze
from dues.domain.tenants import Tenant
from dues.jobs.store import Job, find_job
from dues.resources.imports.input import ImportInput
from dues.resources.imports.receive import Received, Sender, receive
from dues.tenants.merchants import create_merchant
from dues.tenants.store import find_tenants
from tests.conftest import findings
from tests.db.databases import EmptyDatabases
from tests.journeys.journal import SOAK
from tests.starting import STARTER, Started

ROWS = 4_000
"""Four groups, and as many to stage."""

KILLS_A_NIGHT = 5 if SOAK else 3


def file_of(night: int) -> bytes:
    """Rows that are new, changed, the same, wrong and there twice."""
    lines = ["external_reference,name,currency,balance"]
    for number in range(ROWS):
        balance = "x" if number % 97 == 13 else str(100 * number + (night if number % 3 else 0))
        lines.append(f"CUST-{number if number % 89 else 1},Jane {number},ZAR,{balance}")
    return "\n".join(lines).encode()


async def sent(url: str, night: int) -> Job:
    """A file that is received, and nobody carries out."""
    database = await Database.connect(url, 2)
    try:
        tenant = (await tenant_of(database))[0]

        async def data() -> AsyncIterator[bytes]:
            yield file_of(night)

        sender = Sender(tenant, "system", None, datetime.now(UTC), timedelta(days=1))
        received = await receive(database, sender, ImportInput(kind="customers", file_name="c.csv"), data())
        assert isinstance(received, Received)
        return received.job
    finally:
        await database.close()


async def tenant_of(database: Database) -> tuple[Tenant, Any]:
    async with database.transaction() as tx:
        rows = await database.rows("select id from merchants")
        if not rows:
            merchant_id, _ = await create_merchant(tx, "A test", datetime.now(UTC))
            await tx.commit()
        else:
            merchant_id = rows[0]["id"]
    return (await find_tenants(database, merchant_id))["test"]


async def state(url: str, job: Job | None = None) -> Any:
    """Everything that a file makes, without ids and times; or how far the job is."""
    database = await Database.connect(url, 1)
    try:
        if job is not None:
            return await find_job(database, job.tenant, job.id)
        return [
            [tuple(row.values()) for row in await database.rows(statement)]
            for statement in (
                "select external_reference, name, balance, currency from customers order by 1",
                "select line, verdict, codes, details from import_rows order by import_id, line",
                """select c.external_reference, e.number, e.kind, e.amount
                     from entries e join customers c on c.id = e.owner_id order by 1, 2""",
                "select type, count(*) from events group by 1 order by 1",
                "select status, counts::text, position, rows_total from jobs order by id",
                "select namespace, key, digest from imported_rows order by 1, 2",
            )
        ]
    finally:
        await database.close()


def worker(url: str) -> Started:
    """`dues work` on a database."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("DUES_")}
    with open(os.devnull, "w") as printed:
        return STARTER.start(
            ["work", "--until-idle"], environment | {"DUES_DATABASE_URL": url}, printed, sys.__stderr__ or printed
        )


def is_over(url: str, job: Job) -> bool:
    return asyncio.run(state(url, job)).status not in ("checking", "applying")


def carried_out(url: str, job: Job, kills: int, random_: random.Random) -> None:
    """Carries a job out, killing whoever does so at random moments, at most so often."""
    killed = 0
    while not is_over(url, job):
        process = worker(url)
        try:
            deadline = time.monotonic() + (random_.uniform(0.1, 2.0) if killed < kills else 120)
            while time.monotonic() < deadline and not is_over(url, job):
                time.sleep(0.05)
        finally:
            process.kill()
            process.wait()
        killed += 1
        asyncio.run(let_go(url))


async def let_go(url: str) -> None:
    """Whoever was killed holds nothing any more: here nobody waits for that."""
    database = await Database.connect(url, 1)
    await database.rows("update jobs set leased_until = null returning id")
    for table in ("customers", "entries", "events", "import_rows", "imported_rows"):
        await analyze(database, table)  # as a server would, which nobody kills here
    await database.close()


@pytest.mark.slow
@pytest.mark.parametrize("nights", [pytest.param(20, marks=pytest.mark.soak) if SOAK else 1])
def test_whoever_takes_over_ends_where_nobody_was_killed(databases: EmptyDatabases, nights: int) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    undisturbed, disturbed = databases.new(), databases.new()
    for url, kills in ((undisturbed, 0), (disturbed, KILLS_A_NIGHT)):
        asyncio.run(migrate(url))
        random_ = random.Random(seed)
        for night in range(nights):
            carried_out(url, asyncio.run(sent(url, night)), kills, random_)
        assert findings(url) == []
    assert asyncio.run(state(disturbed)) == asyncio.run(state(undisturbed))
