"""What a purge costs in PostgreSQL: a batch reads what it deletes, and steps over nothing that was deleted before."""

import asyncio
import json
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import asyncpg
import pytest

from dues.db.database import Database
from dues.db.migrate import migrate
from dues.domain.ids import first_id
from dues.domain.tenants import Tenant
from dues.events.retention.purge import purge_events
from dues.events.retention.store import DELETE_OLD_EVENTS
from dues.idempotency.retention import purge_answers
from dues.idempotency.store import DELETE_EXPIRED
from dues.webhooks.retention.purge import purge_deliveries
from dues.webhooks.retention.store import DELETE_DELIVERIES
from tests.db.databases import EmptyDatabases

COUNT = 5_000
BATCH = 100
BATCHES = 40

GROWTH_MAX = 1.2
"""By how much the pages that a batch looks at may differ. One that stepped over the 3,900 rows before it, eight on a
page, would look at 500 more."""

TENANT = """
with merchant as (insert into merchants (id, name, created_at) values ('mer_1', 'Acme', now()) returning id)
insert into tenants (merchant_id, mode, cell) select id, 'test', 1 from merchant
"""
NOW = datetime.now(UTC)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=40)
FIRST = first_id("evt_", OLD)
ID = f"'{FIRST}' || lpad(number::text, 13, '0')"

FILL = (
    f"""
    insert into events (cell, tenant_id, id, type, object_id, data, created_at, sequence)
    select $1, $2, {ID}, 'bill.paid', 'bill_' || number, to_json(repeat('x', 900)), now() - interval '40 days', 1
      from generate_series($3::integer, $4::integer) as number
    """,
    f"""
    insert into webhook_deliveries (cell, tenant_id, endpoint_id, event_id, event_type, status, attempts)
    select $1, $2, 'whe_1', {ID}, 'bill.paid', 'succeeded', to_jsonb(repeat('x', 900))
      from generate_series($3::integer, $4::integer) as number
    """,
    """
    insert into idempotency_keys (cell, tenant_id, key, fingerprint, method, path, status, body, request_id, created_at,
                                  expires_at)
    select $1, $2, md5(number::text), '', 'POST', '/', 201, repeat('x', 900)::bytea, 'req_', now(),
           now() - interval '1 day' + number * interval '1 second'
      from generate_series($3::integer, $4::integer) as number
    """,
)

PLACES = {
    DELETE_OLD_EVENTS: "select max(position) from events where data is null",
    DELETE_EXPIRED: "select min(expires_at) from idempotency_keys",
    DELETE_DELIVERIES: f"""
    select '{FIRST}' || lpad((min(right(event_id, 13)::integer) - 1)::text, 13, '0') from webhook_deliveries
    """,
}
"""Where a purge stands, after a batch of each."""


def nodes(plan: dict[str, Any]) -> list[str]:
    """The kinds of all nodes of a plan."""
    return [plan["Node Type"], *(node for child in plan.get("Plans", ()) for node in nodes(child))]


async def costs(database: Database) -> dict[str, list[dict[str, Any]]]:
    """The plans of all batches, in order, while somebody keeps what is deleted from being removed."""
    tenant = Tenant(1, 1)
    for statement in FILL:
        await database.rows(statement, *tenant, 1, COUNT)
    found: dict[str, list[dict[str, Any]]] = {statement: [] for statement in PLACES}
    arguments = {
        DELETE_OLD_EVENTS: (*tenant, "bill.paid", NOW - timedelta(days=30)),
        DELETE_EXPIRED: (tenant.cell, NOW),
        DELETE_DELIVERIES: (*tenant, "whe_1", first_id("evt_", NOW - timedelta(days=30)), "pending"),
    }
    first = {DELETE_OLD_EVENTS: 0, DELETE_EXPIRED: BEGINNING, DELETE_DELIVERIES: ""}
    backup = await asyncpg.connect(database.url)
    async with backup.transaction(isolation="repeatable_read"):
        await backup.fetch("select 1")
        for statement, given in arguments.items():
            place: object = first[statement]
            for _ in range(BATCHES):
                [row] = await database.rows(
                    f"explain (analyze, buffers, format json) {statement}", *given, place, BATCH
                )
                found[statement].append(json.loads(next(iter(row.values())))[0]["Plan"])
                [stands] = await database.rows(PLACES[statement])
                place = next(iter(stands.values()))
    await backup.close()
    return found


def test_a_batch_costs_the_same_however_many_there_were_before_it(databases: EmptyDatabases) -> None:
    async def story(url: str) -> dict[str, list[dict[str, Any]]]:
        await migrate(url)
        database = await Database.connect(url)
        try:
            return await costs(database)
        finally:
            await database.close()

    for statement, plans in asyncio.run(story(databases.new())).items():
        looked = [plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in plans]
        assert median(looked[-10:]) <= GROWTH_MAX * median(looked[:10]), (statement, looked)
        assert "Seq Scan" not in {node for plan in plans for node in nodes(plan)}, statement
        if statement != DELETE_OLD_EVENTS:  # whose plan is inside of a function
            assert all("Tid Scan" in nodes(plan) for plan in plans), statement


BACKLOG = 1_000_000 if os.environ.get("DUES_TEST_SOAK") else 5_000
GROUP = 32


@pytest.mark.soak
def test_purging_keeps_up_with_whoever_writes_as_fast_as_it_can(databases: EmptyDatabases) -> None:
    """Until a backlog is gone, groups of rows are committed one after another, as those of creates are. In that time,
    as many rows of each table are purged as are written."""
    tenant, purged = Tenant(1, 1), Counter[str]()

    async def write(database: Database) -> int:
        groups = 0
        while True:
            number = BACKLOG + groups * GROUP
            try:
                async with database.transaction() as tx:
                    for statement in FILL:
                        await tx.lock(statement, *tenant, number + 1, number + GROUP)
                    await tx.commit()
            except asyncio.CancelledError:
                return groups * GROUP
            groups += 1

    async def story(url: str) -> int:
        await migrate(url)
        database = await Database.connect(url)
        try:
            await database.rows(TENANT)
            for statement in FILL:
                for first in range(1, BACKLOG, 5_000):
                    await database.rows(statement, *tenant, first, first + 4_999)
            writing = asyncio.create_task(write(database))
            before = NOW - timedelta(days=30)

            def observe(table: str, rows: int, _lag_seconds: float) -> None:
                purged[table] += rows

            async with asyncio.timeout(30 + BACKLOG / 1_000):  # who is slower than the writer never gets to the end
                await asyncio.gather(
                    purge_events(database, before, observe),
                    purge_deliveries(database, before, observe),
                    purge_answers(database, NOW + timedelta(days=365), observe),
                )
            writing.cancel()
            return await writing
        finally:
            await database.close()

    written = asyncio.run(story(databases.new()))
    assert written > 0
    assert min(purged.values()) >= max(BACKLOG, written), (purged, written)
