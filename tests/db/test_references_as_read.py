"""The migration that brings references to the form in which they are read."""

import asyncio
import unicodedata

import asyncpg

from dues.db.migrate import migrate, migrations
from tests.db.databases import EmptyDatabases, execute

AS_READ = "0015_references_as_read.sql"

APART, OTHERWISE, COMPOSED = "e\u0302\u0323", "\u00ea\u0323", "\u1ec7"
"""One letter, in three forms."""


def test_the_oldest_of_several_gets_the_form_unless_it_is_taken(databases: EmptyDatabases) -> None:
    assert {unicodedata.normalize("NFC", form) for form in (APART, OTHERWISE)} == {COMPOSED}
    url = databases.new()
    execute(
        url, "create table schema_migrations (name text primary key, applied_at timestamptz not null default now())"
    )
    for name, sql in migrations().items():
        if name < AS_READ:
            execute(url, sql)
            execute(url, f"insert into schema_migrations (name) values ('{name}')")
    rows = [
        # Nobody has the form: the older one gets it, the other stays.
        (1, "bcus_1", APART),
        (1, "bcus_2", OTHERWISE),
        (1, "bcus_3", "CUST-1"),
        # Somebody has it: it stays his.
        (2, "bcus_1", APART),
        (2, "bcus_2", COMPOSED),
    ]
    values = ", ".join(f"(1, {tenant}, '{one}', '{reference}', now())" for tenant, one, reference in rows)
    execute(url, f"insert into customers (cell, tenant_id, id, external_reference, created_at) values {values}")

    async def references() -> list[tuple[int, str, str]]:
        assert AS_READ in await migrate(url)
        connection = await asyncpg.connect(url)
        try:
            found = await connection.fetch("select tenant_id, id, external_reference from customers order by 1, 2")
            return [tuple(row) for row in found]
        finally:
            await connection.close()

    assert asyncio.run(references()) == [
        (1, "bcus_1", COMPOSED),
        (1, "bcus_2", OTHERWISE),
        (1, "bcus_3", "CUST-1"),
        (2, "bcus_1", APART),
        (2, "bcus_2", COMPOSED),
    ]


def test_a_database_in_another_encoding_is_left_as_it_is(databases: EmptyDatabases) -> None:
    assert asyncio.run(migrate(databases.new(encoding="SQL_ASCII"))) == list(migrations())
