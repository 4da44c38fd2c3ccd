"""Brings a database's schema up to date: each file of migrations/ once, in order, all in one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from typing import Any

import asyncpg

from dues.db import citus
from dues.db.database import Database
from dues.db.errors import translated
from dues.db.grants import RoleError, find_granted_roles, grant, refuse_missing_grants
from dues.db.hosts import connect

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
    """Applies what is missing and returns its names; where Citus is, what there is then is spread over its nodes.

    Raises SchemaTooNew if a newer dues was here before,
    PostgresTooOld, and RoleError where the role of the URL may not do what it has to."""
    async with _connected(url) as connection:
        behind = await _find_missing(connection) or await citus.find_local(connection)
        applied = await _apply(connection) if behind else []
        await refuse_missing_grants(connection)
        return applied


class NoDatabase(Exception):
    """There is no database of dues where one was looked for. The message says where."""


async def refuse_empty(url: str, place: str) -> None:
    """Raises NoDatabase where no dues ever was; `place` is how people call it."""
    async with _connected(url) as connection:
        if await _is_empty(connection):
            raise NoDatabase(
                f"There is no database of dues in {place}. `dues serve` makes one, and so does `dues migrate`."
            )


async def grant_to(url: str, role: str) -> list[str]:
    """Grants a role what a server needs, and nothing else; the statements. Raises RoleError."""
    async with _connected(url) as connection:
        try:
            async with connection.transaction():
                await citus.prepare(connection)
                return await _grant(connection, role)
        except asyncpg.InsufficientPrivilegeError as error:
            raise RoleError(f"Only the owner of the database can grant: {error}.") from error


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    with translated():
        connection = await connect(url)
        try:
            refuse_old_postgres(connection)
            yield connection
        finally:
            await connection.close()


def refuse_old_postgres(connection: Any) -> None:
    """Raises PostgresTooOld."""
    if (version := connection.get_server_version()).major < POSTGRES_MAJOR_MIN:
        raise PostgresTooOld(f"This is PostgreSQL {version.major}; dues needs {POSTGRES_MAJOR_MIN} or newer.")


async def _is_empty(connection: Any) -> bool:
    """Whether no dues ever was here."""
    return bool(await connection.fetchval("select to_regclass('schema_migrations') is null"))


async def _find_missing(connection: Any) -> dict[str, str]:
    """What was not applied yet, name to SQL."""
    if await _is_empty(connection):
        return migrations()
    try:
        applied = {row["name"] for row in await connection.fetch(FIND_MIGRATIONS)}
    except asyncpg.InsufficientPrivilegeError:
        role = await connection.fetchval("select current_user")
        raise RoleError(
            f"The role {role} may not read this database. Run `dues migrate --grant-to {role}` as its owner."
        ) from None
    if unknown := applied - migrations().keys():
        raise SchemaTooNew(f"The database was migrated by a newer dues ({max(unknown)}). Run that one.")
    return {name: sql for name, sql in migrations().items() if name not in applied}


async def apply_migrations(connection: Any, last: str | None = None) -> list[str]:
    """Applies what is missing up to the migration `last` (None: all), once nobody else does, in a transaction of the
    caller's; the names."""
    await connection.execute(f"select pg_advisory_xact_lock({_ADVISORY_LOCK})")
    await connection.execute(
        "create table if not exists schema_migrations"
        " (name text primary key, applied_at timestamptz not null default now())"
    )
    await citus.prepare(connection)
    missing = {name: sql for name, sql in (await _find_missing(connection)).items() if last is None or name <= last}
    for name, sql in missing.items():
        await connection.execute(sql)
        await connection.execute("insert into schema_migrations (name) values ($1)", name)
    return list(missing)


async def _apply(connection: Any) -> list[str]:
    """Applies what is missing, and grants what is new to whom the rest was granted."""
    try:
        async with connection.transaction():
            missing = await apply_migrations(connection)
            spread = await citus.spread(connection)
            for role in await find_granted_roles(connection) if missing or spread else ():
                with suppress(RoleError):  # it may do all by now
                    await _grant(connection, role)
            return missing
    except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidSchemaNameError):
        role = await connection.fetchval("select current_user")
        names = ", ".join(await _find_missing(connection) or await citus.find_local(connection))
        raise RoleError(
            f"The schema is behind (missing: {names}), and the role {role} may not change it. "
            f"Run `dues migrate --grant-to {role}` as the owner of the database first."
        ) from None


async def _grant(connection: Any, role: str) -> list[str]:
    """Grants a role what a server needs, in a transaction of the caller's; the statements."""
    done = await grant(connection, role)
    if await citus.is_spread(connection):
        done += await citus.grant(connection, role)
    return done


FIND_MIGRATIONS = "select name from schema_migrations"


async def is_current(database: Database) -> bool:
    """Whether exactly this program's migrations have run."""
    return {row["name"] for row in await database.rows(FIND_MIGRATIONS)} == migrations().keys()


class PostgresTooOld(Exception):
    """The PostgreSQL is older than what dues is written for."""


class SchemaTooNew(Exception):
    """The database has migrations that this program does not know."""
