"""The migration that folds what webhook endpoints asked for twice."""

import asyncio

import asyncpg

from dues.db.migrate import migrate, migrations
from tests.db.databases import EmptyDatabases, execute

FOLDED = "0009_webhooks_folded.sql"

ENDPOINTS = """
insert into webhook_endpoints (cell, tenant_id, id, url, event_types, secret, position, created_at)
values (1, 1, 'all', '', null, '', 0, now()), (1, 1, 'once', '', '{bill.voided,bill.paid}', '', 0, now()),
       (1, 1, 'twice', '', '{bill.voided,bill.paid,bill.voided,account.created,bill.paid}', '', 0, now())
"""


def test_each_type_is_there_once_and_in_its_order(databases: EmptyDatabases) -> None:
    url = databases.new()
    execute(
        url, "create table schema_migrations (name text primary key, applied_at timestamptz not null default now())"
    )
    for name, sql in migrations().items():
        if name < FOLDED:
            execute(url, sql)
            execute(url, f"insert into schema_migrations (name) values ('{name}')")
    execute(url, ENDPOINTS)

    async def types() -> dict[str, list[str] | None]:
        assert FOLDED in await migrate(url)
        connection = await asyncpg.connect(url)
        try:
            rows = await connection.fetch("select id, event_types from webhook_endpoints")
            return {row["id"]: row["event_types"] for row in rows}
        finally:
            await connection.close()

    assert asyncio.run(types()) == {
        "all": None,
        "once": ["bill.voided", "bill.paid"],
        "twice": ["bill.voided", "bill.paid", "account.created"],
    }
