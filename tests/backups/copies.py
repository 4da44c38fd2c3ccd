"""What is compared of a database and of its copy; and backups that are broken on purpose."""

import asyncio
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from dues.backups.manifest import MANIFEST, Manifest
from dues.backups.read import open_backup
from dues.backups.restore import restore_backup
from dues.backups.write import Written, write_backup

ALL_TABLES = (
    "select tablename from pg_tables where schemaname = 'public' and tablename <> 'schema_migrations' order by 1"
)

ALWAYS_DIFFERS = {"installation"}
"""It is about this database, and not about what is in it."""

SCHEMA_OBJECTS = """
select 'index' as kind, indexdef as definition from pg_indexes where schemaname = 'public'
 union all
select 'constraint', conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
  from pg_constraint where connamespace = 'public'::regnamespace
 union all
select 'trigger', tgenabled::text || ' ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
"""


def content(url: str) -> dict[str, set[str]]:
    """All rows of all tables as text, but for what only belongs to processes that run, and for a key that
    each database draws when it is migrated."""

    async def read() -> dict[str, set[str]]:
        connection = await asyncpg.connect(url)
        try:
            tables = [row[0] for row in await connection.fetch(ALL_TABLES)]
            drop = "to_jsonb(t) - 'leased_by' - 'leased_until' - 'identity_key'"
            return {
                table: {row[0] for row in await connection.fetch(f"select ({drop})::text from {table} t")}
                for table in tables
                if table not in ALWAYS_DIFFERS
            }
        finally:
            await connection.close()

    return asyncio.run(read())


def schema_of(url: str) -> set[tuple[str, str]]:
    """Indexes, constraints and triggers as they are."""

    async def read() -> set[tuple[str, str]]:
        connection = await asyncpg.connect(url)
        try:
            return {(row["kind"], row["definition"]) for row in await connection.fetch(SCHEMA_OBJECTS)}
        finally:
            await connection.close()

    return asyncio.run(read())


def back_up(url: str, to: Path) -> Written:
    """Writes a backup."""
    return asyncio.run(write_backup(url, to, lambda done, of: None))


def restore_into(url: str, file: Path) -> list[str]:
    """Restores one; the migrations that it needed."""
    with open_backup(file) as backup:
        return asyncio.run(restore_backup(url, "there", backup, datetime.now(UTC), lambda done: None))


def altered(file: Path, to: Path, members: dict[str, Callable[[bytes], bytes | None]]) -> Path:
    """A copy of a backup with some members changed (None: left out), whole as a ZIP file."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data: bytes | None = old.read(name)
            if name in members and data is not None:
                data = members[name](data)
            if data is not None:
                new.writestr(name, data)
    return to


def with_manifest(file: Path, to: Path, **changes: Any) -> Path:
    """A copy of a backup whose manifest says something else."""
    return altered(file, to, {MANIFEST: lambda data: json.dumps(json.loads(data) | changes).encode()})


def manifest_of(file: Path) -> Manifest:
    """The manifest."""
    with open_backup(file) as backup:
        return backup.manifest
