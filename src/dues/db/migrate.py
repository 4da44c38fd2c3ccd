"""Brings a database's schema up to date: each file of migrations/ once, in order, all in one transaction."""

from importlib.resources import files

import asyncpg

from dues.db.database import Database
from dues.db.errors import translated

POSTGRES_MAJOR_MIN = 15

_ADVISORY_LOCK = 0x64756573
"""'dues' in ASCII: programs that start at once migrate one after another."""


def migrations() -> dict[str, str]:
    """Name to SQL of every migration, in order."""
    folder = files("dues.db") / "migrations"
    found = {file.name: file.read_text() for file in folder.iterdir() if file.name.endswith(".sql")}
    return dict(sorted(found.items()))


def schema() -> str:
    """The schema that all migrations add up to."""
    return (files("dues.db") / "schema.sql").read_text()


async def migrate(url: str) -> list[str]:
    """Applies what is missing and returns its names. Raises SchemaTooNew if a newer dues was here before,
    PostgresTooOld."""
    with translated():
        connection = await asyncpg.connect(url)
        try:
            if (version := connection.get_server_version()).major < POSTGRES_MAJOR_MIN:
                raise PostgresTooOld(f"This is PostgreSQL {version.major}; dues needs {POSTGRES_MAJOR_MIN} or newer.")
            async with connection.transaction():
                await connection.execute(f"select pg_advisory_xact_lock({_ADVISORY_LOCK})")
                await connection.execute(
                    "create table if not exists schema_migrations"
                    " (name text primary key, applied_at timestamptz not null default now())"
                )
                applied = {row["name"] for row in await connection.fetch(FIND_MIGRATIONS)}
                if unknown := applied - migrations().keys():
                    raise SchemaTooNew(f"The database was migrated by a newer dues ({max(unknown)}). Run that one.")
                missing = {name: sql for name, sql in migrations().items() if name not in applied}
                for name, sql in missing.items():
                    await connection.execute(sql)
                    await connection.execute("insert into schema_migrations (name) values ($1)", name)
                return list(missing)
        finally:
            await connection.close()


FIND_MIGRATIONS = "select name from schema_migrations"


async def is_current(database: Database) -> bool:
    """Whether exactly this program's migrations have run."""
    return {row["name"] for row in await database.rows(FIND_MIGRATIONS)} == migrations().keys()


class PostgresTooOld(Exception):
    """The PostgreSQL is older than what dues is written for."""


class SchemaTooNew(Exception):
    """The database has migrations that this program does not know."""
