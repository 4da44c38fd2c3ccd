"""Migrations: from nothing they make exactly schema.sql; once each; never over a newer program's."""

import asyncio
import re
import subprocess

import asyncpg
import pytest

from dues.db.database import Database
from dues.db.embedded import BINARIES
from dues.db.migrate import SchemaTooNew, is_current, migrate, migrations, schema
from tests.db.databases import EmptyDatabases, execute
from tests.journeys.journal import SOAK


def dump(url: str) -> str:
    """The whole schema, as pg_dump writes it."""
    done = subprocess.run(
        [str(BINARIES / "pg_dump"), "--schema-only", f"--dbname={url}"], capture_output=True, text=True, check=True
    )
    return re.sub(r"(?m)^\\(un)?restrict .*$", "", done.stdout)


def test_migrations_from_nothing_make_the_schema(databases: EmptyDatabases) -> None:
    migrated, written = databases.new(), databases.new()
    asyncio.run(migrate(migrated))
    execute(written, schema())
    assert "CREATE TABLE public.accounts" in dump(migrated)
    assert dump(migrated) == dump(written)


def test_each_migration_runs_once(databases: EmptyDatabases) -> None:
    url = databases.new()
    assert asyncio.run(migrate(url)) == list(migrations())
    assert asyncio.run(migrate(url)) == []


def test_programs_that_start_at_once_migrate_one_after_another(databases: EmptyDatabases) -> None:
    url = databases.new()

    async def all_at_once() -> list[list[str]]:
        return await asyncio.gather(*(migrate(url) for _ in range(6)))

    assert sorted(asyncio.run(all_at_once())) == [[]] * 5 + [list(migrations())]


@pytest.mark.soak
def test_each_step_from_an_older_version_ends_at_the_same(databases: EmptyDatabases) -> None:
    """From every version that there was in `make soak`; every day from the first, the last, and some between."""
    whole = databases.new()
    asyncio.run(migrate(whole))
    last = len(migrations()) - 1
    for count in range(last, 0, -1) if SOAK else (1, last // 2, last):
        url = databases.new()
        execute(
            url, "create table schema_migrations (name text primary key, applied_at timestamptz not null default now())"
        )
        for name, sql in list(migrations().items())[:count]:
            execute(url, sql)
            execute(url, f"insert into schema_migrations (name) values ('{name}')")
        assert asyncio.run(migrate(url)) == list(migrations())[count:]
        assert dump(url) == dump(whole)


def test_a_newer_programs_database_is_refused_and_left_alone(databases: EmptyDatabases) -> None:
    url = databases.new()
    asyncio.run(migrate(url))
    execute(url, "insert into schema_migrations (name) values ('9999_from_the_future.sql')")
    before = dump(url)
    with pytest.raises(SchemaTooNew, match=re.escape("9999_from_the_future.sql")):
        asyncio.run(migrate(url))
    assert dump(url) == before


def test_a_database_is_current_with_all_migrations_and_no_others(databases: EmptyDatabases) -> None:
    url = databases.new()

    async def current() -> bool:
        database = await Database.connect(url, 1)
        try:
            return await is_current(database)
        finally:
            await database.close()

    asyncio.run(migrate(url))
    assert asyncio.run(current())
    execute(url, "insert into schema_migrations (name) values ('9999_from_the_future.sql')")
    assert not asyncio.run(current())
    execute(url, "delete from schema_migrations")
    assert not asyncio.run(current())


def test_a_migration_that_fails_leaves_nothing_behind(databases: EmptyDatabases) -> None:
    url = databases.new()
    execute(url, "create table events (in_the_way int)")
    before = dump(url)
    with pytest.raises(asyncpg.DuplicateTableError):
        asyncio.run(migrate(url))
    assert dump(url) == before
