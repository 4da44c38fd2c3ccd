"""The migration that folds what was written before as the program folds what it writes."""

import asyncio
import sys

import asyncpg

from dues.db.migrate import migrate, migrations
from dues.domain.folding import fold
from tests.db.databases import EmptyDatabases, execute

FOLDS = "0012_finding.sql"

CASED = "".join(one for one in map(chr, range(1, sys.maxunicode + 1)) if one.casefold() != one)
"""Every letter that is folded, of which as many are in a name as may be."""

WRITTEN = [
    *("CUST-1", "e\u0301MILE Straße", "مريم", "ΣΊΣΥΦΟΣ ς"),
    *(CASED[n : n + 255] for n in range(0, len(CASED), 255)),
]


def test_what_was_written_before_is_folded_as_what_is_written_now(databases: EmptyDatabases) -> None:
    url = databases.new()
    execute(
        url, "create table schema_migrations (name text primary key, applied_at timestamptz not null default now())"
    )
    for name, sql in migrations().items():
        if name < FOLDS:
            execute(url, sql)
            execute(url, f"insert into schema_migrations (name) values ('{name}')")

    async def differing() -> list[str]:
        connection = await asyncpg.connect(url)
        try:
            await connection.executemany(
                "insert into customers (cell, tenant_id, id, external_reference, name, email, created_at)"
                " values (1, 1, $1, $1, $2, $2, now())",
                [(f"A{number}", text) for number, text in enumerate(WRITTEN)],
            )
            assert FOLDS in await migrate(url)
            rows = await connection.fetch("select * from customers")
            assert len(rows) == len(WRITTEN)
            return [
                f"{ord(old):x} {old!r}: {new!r}"
                for row in rows
                if not row["name_folded"] == row["email_folded"] == fold(row["name"])
                or row["reference_folded"] != fold(row["external_reference"])
                for old, new in [(row["name"][0], row["name_folded"])]
            ]
        finally:
            await connection.close()

    assert asyncio.run(differing()) == []
