"""A server's role may do what a server has to, and can neither change the schema nor what the ledger has recorded."""

import asyncio
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from dues.db.grants import FUNCTIONS, SEQUENCES, TABLES, RoleError
from dues.db.migrate import grant_to, migrate, migrations
from tests.db.databases import EmptyDatabases, execute
from tests.db.roles import Roles, as_role
from tests.house.statements import statements_of_the_schema
from tests.journeys.own_database import rows_of


class Granted:
    """A database whose owner has granted a server what it needs."""

    def __init__(self, roles: Roles, databases: EmptyDatabases) -> None:
        self.roles = roles
        self.owner = roles.new_database(databases)
        asyncio.run(migrate(self.owner))
        asyncio.run(grant_to(self.owner, roles.server))
        self.server = as_role(self.owner, roles.server)


@pytest.fixture(scope="module")
def granted(database_url: str) -> Iterator[Granted]:
    """Such a database. Tests share it, and leave it as it was; the last one alone does not."""
    roles, databases = Roles(database_url), EmptyDatabases(database_url)
    yield Granted(roles, databases)
    databases.close()
    roles.close()


OF_THE_SCHEMA = """
select relname as name, relkind::text as kind from pg_class
 where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
"""

DEFINERS = """
select oid in (select one::regprocedure from unnest($1::text[]) as one) as is_granted
  from pg_proc
 where prosecdef and pronamespace = current_schema()::regnamespace
"""


def test_whatever_is_in_the_schema_is_granted_or_left_out_on_purpose(granted: Granted) -> None:
    found = rows_of(granted.owner, OF_THE_SCHEMA)
    assert {row["name"] for row in found if row["kind"] != "S"} == TABLES.keys()
    assert {row["name"] for row in found if row["kind"] == "S"} == SEQUENCES.keys() | {"tenants_id_seq"}
    definers = rows_of(granted.owner, DEFINERS, FUNCTIONS)
    assert [row["is_granted"] for row in definers] == [True] * len(FUNCTIONS)


def test_no_function_of_the_owners_is_everybodys(granted: Granted) -> None:
    for function in FUNCTIONS:
        [row] = rows_of(granted.owner, "select has_function_privilege('public', $1, 'execute') as may", function)
        assert not row["may"]


def test_every_statement_is_granted(granted: Granted) -> None:
    async def explain() -> dict[str, str]:
        connection, refused = await asyncpg.connect(granted.server), {}
        try:
            for name, statement in statements_of_the_schema().items():
                try:
                    await connection.execute(f"explain (generic_plan) {statement}")
                except asyncpg.InsufficientPrivilegeError as error:
                    refused[name] = str(error)
        finally:
            await connection.close()
        return refused

    assert asyncio.run(explain()) == {}


REFUSED = [
    "alter table accounts add column x int",
    "alter table entries disable trigger entries_are_immutable",
    "alter table entries disable trigger all",
    "alter table entries owner to {server}",
    "drop trigger entries_are_immutable on entries",
    "create or replace function refuse_to_change_entries() returns trigger language plpgsql as 'begin return new; end'",
    "create trigger mine before insert on entries for each row execute function refuse_to_change_entries()",
    "create rule mine as on insert to entries do instead nothing",
    "set session_replication_role = replica",
    "set session_replication_role = local",
    "update entries set amount = 1",
    "delete from entries",
    "truncate entries",
    "truncate entries, events cascade",
    "update events set data = null",
    "update events set position = 1",
    "delete from events",
    "truncate events",
    "select from events for update",
    "delete from payments",
    "delete from customers",
    "delete from merchants",
    "update payment_applications set amount = 1",
    "truncate payments",
    "select setval('event_positions', 1)",
    "drop table entries",
    "drop table webhook_lanes",
    "drop index events_by_object",
    "drop sequence event_positions",
    "drop function forget_events",
    "drop function refuse_to_change_entries cascade",
    "drop schema public cascade",
    "create table mine (n int)",
    "create function mine() returns int language sql as 'select 1'",
    "create schema mine",
    "insert into schema_migrations (name) values ('9999.sql')",
    "delete from schema_migrations",
    "set role {owner}",
    "alter role {server} superuser",
    "alter database {database} set session_replication_role = replica",
    "copy entries to program 'true'",
    "alter function forget_events security invoker",
]


def refused(granted: Granted) -> dict[str, str]:
    """What became of each statement that a server's role must not do."""

    async def attempt() -> dict[str, str]:
        connection, told = await asyncpg.connect(granted.server), {}
        names = {
            "server": granted.roles.server,
            "owner": granted.roles.owner,
            "database": urlsplit(granted.owner).path[1:],
        }
        try:
            for statement in REFUSED:
                attempt = connection.transaction()
                await attempt.start()
                try:
                    await connection.execute(statement.format(**names))
                    told[statement] = "done"
                except asyncpg.PostgresError as error:
                    told[statement] = type(error).__name__
                await attempt.rollback()
        finally:
            await connection.close()
        return told

    return asyncio.run(attempt())


def test_what_an_owner_may_a_server_may_not(granted: Granted) -> None:
    assert refused(granted) == dict.fromkeys(REFUSED, "InsufficientPrivilegeError")


def test_what_the_owner_does_for_it_is_no_way_round(granted: Granted) -> None:
    """It forgets no event that is young, and is taken in by no table of the caller's."""
    event = """insert into events (cell, tenant_id, id, type, object_id, data, created_at, sequence)
               values (1, 1, 'evt_' || $1, 'bill.paid', $1, '{}', now() - $2::interval, 1)"""

    async def story() -> list[str]:
        connection = await asyncpg.connect(granted.server)
        for name, age in (("young", "6 days"), ("old", "8 days")):
            await connection.execute(event.replace("$1", f"'{name}'").replace("$2", f"'{age}'"))
        await connection.execute("create temporary table events (n int); create temporary table tenants (n int)")
        forgotten = await connection.fetchval("select number from forget_events(1, 1, 'bill.paid', 'infinity', 0, 100)")
        assert forgotten == 1
        await connection.fetch("select analyze_table('public.entries')")
        left = await connection.fetch("select object_id from public.events where data is not null")
        await connection.close()
        return [row["object_id"] for row in left]

    assert asyncio.run(story()) == ["young"]


def test_what_is_missing_is_said_before_anything_is_served(granted: Granted) -> None:
    assert asyncio.run(migrate(granted.server)) == []
    execute(granted.owner, f"revoke update on bills from {granted.roles.server}")
    with pytest.raises(RoleError, match=r"may not update bills\. Run `dues migrate --grant-to"):
        asyncio.run(migrate(granted.server))
    execute(granted.owner, f"revoke all on all tables in schema public from {granted.roles.server}")
    with pytest.raises(RoleError, match=f"The role {granted.roles.server} may not read this database"):
        asyncio.run(migrate(granted.server))
    asyncio.run(grant_to(granted.owner, granted.roles.server))


def test_who_could_do_more_anyway_is_no_servers_role(granted: Granted, database_url: str) -> None:
    for role, says in (
        ("nobody_at_all", "There is no role nobody_at_all"),
        (granted.roles.owner, "owns the database"),
        (urlsplit(database_url).username or "", "is a superuser"),
    ):
        with pytest.raises(RoleError, match=says):
            asyncio.run(grant_to(granted.owner, role))
    with pytest.raises(RoleError, match="Only the owner"):
        asyncio.run(grant_to(granted.server, granted.roles.server))
    execute(granted.owner, "grant create on schema public to public")
    with pytest.raises(RoleError, match="revoke create on schema public from public"):
        asyncio.run(grant_to(granted.owner, granted.roles.server))
    execute(granted.owner, "revoke create on schema public from public")


LATER = """
alter table webhook_resends rename to gone;
create table webhook_resends as select * from gone;
drop table gone;
"""


def test_what_a_later_version_brings_is_granted_when_it_migrates(
    granted: Granted, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = {**migrations(), "9999_later.sql": LATER}
    monkeypatch.setattr("dues.db.migrate.migrations", lambda: later)
    says = f"The schema is behind (missing: 9999_later.sql), and the role {granted.roles.server} may not change it."
    with pytest.raises(RoleError, match=re.escape(says)):
        asyncio.run(migrate(granted.server))
    assert asyncio.run(migrate(granted.owner)) == ["9999_later.sql"]
    assert asyncio.run(migrate(granted.server)) == []
