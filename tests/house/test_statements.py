"""Every statement of the program is one that the real schema understands, and stays in its cell."""

import asyncio
import re

import asyncpg
import pytest

from dues.db.citus import additions
from tests.house.statements import (
    CELL,
    DIRECTORY,
    EVERY_CELL,
    IN_TURN,
    SERVER,
    class_of,
    parts,
    statements,
    strays,
    tables,
)

STATEMENTS = statements()

CHANGES = re.compile(r"\b(delete from|insert into|update \w+ set|update \w+ \w+\s+set)\b")


def test_there_are_statements_to_look_at() -> None:
    assert {"dues.ledger.store.INSERT_ENTRIES", "dues.db.migrate.FIND_MIGRATIONS", "account.lock"} <= STATEMENTS.keys()
    named = {part.name for part in parts()}
    assert {"answers", "events", "balances then", "default_rules", "accounts by id with ends"} <= named
    owners, names = ("customer", "account"), ("id", "external_reference")
    assert {f"open bills by {owner}'s {name}" for owner in owners for name in names} <= named
    assert {"account.insert on a node", "dues.ledger.store.INSERT_ENTRIES on a node"} <= STATEMENTS.keys()
    assert any(name.startswith("list payments (('bill', True),) 2") for name in STATEMENTS)
    assert {"customers", "entries", "idempotency_keys", "webhook_lanes"} < tables()
    assert tables().isdisjoint({"tenants", "merchants", "api_keys", "schema_migrations"})


def test_the_schema_knows_everything_that_statements_name(database_url: str) -> None:
    async def prepare() -> dict[str, str]:
        connection, broken = await asyncpg.connect(database_url), {}
        undone = connection.transaction()
        try:
            await undone.start()
            await connection.execute(additions())
            await connection.execute("create temporary table pg_dist_partition (logicalrelid regclass)")
            for name, statement in STATEMENTS.items():
                try:
                    async with connection.transaction():
                        await connection.prepare(statement)
                except asyncpg.PostgresError as error:
                    broken[name] = str(error)
        finally:
            await undone.rollback()
            await connection.close()
        return broken

    assert asyncio.run(prepare()) == {}


def test_every_statement_stays_in_its_cell() -> None:
    found = {name: strays(statement) for name, statement in STATEMENTS.items()}
    assert {name: tables for name, tables in found.items() if tables} == {}


def test_every_statement_has_a_class() -> None:
    found = {name: class_of(name, statement) for name, statement in STATEMENTS.items()}
    assert found["account.insert on a node"] == found["dues.events.store.FIND_WRITERS_ON_NODE"] == CELL
    assert found["dues.books.store.STREAM_ENTRIES"] == found["dues.idempotency.store.DELETE_EXPIRED"] == EVERY_CELL
    assert found["dues.tenants.store.FIND_KEY"] == DIRECTORY
    assert found["dues.events.store.FIND_WRITERS"] == SERVER
    for name in IN_TURN:
        assert any(one.startswith(name) for one in found), f"{name} is no more"


def test_what_changes_a_limited_number_of_rows_chooses_them_once() -> None:
    """A join may run a subquery again for each row of the other side, and FOR UPDATE SKIP LOCKED then finds others."""
    limited = {name: text for name, text in STATEMENTS.items() if re.search(r"limit \$", text) and CHANGES.search(text)}
    assert len(limited) > 5
    assert [name for name, text in limited.items() if "as materialized (" not in text] == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("select id from bills where tenant_id = $2", ["bills"]),
        ("select id from bills where cell = $10", ["bills"]),
        ("select id from bills where cell = $2", ["bills"]),
        ("select id from bills b where b.cell = $1 and exists (select from events e where e.id = b.id)", ["events e"]),
        ("select id from bills b join events e on e.object_id = b.id where b.cell = $1", ["events e"]),
        ("select id from bills join events on true where cell = $1", ["bills", "events"]),
        ("select id from (select * from bills) as b where b.cell = $1", ["bills"]),
        ("select id from bills where cell = $1 union all select id from events", ["events"]),
        ("with a as (select id from bills), b as (select 1 from events where cell = $1) select 1", ["bills"]),
        ("select * from (select max(1), lpad('x', 21) from bills limit (20)) as x", ["bills"]),
        ("select 1 from tenants t, bills b where t.cell = $1", ["bills b"]),
        ("update bills t set status = 'x' from unnest($2::text[]) as n(id) where t.id = n.id", ["bills t"]),
        ("delete from bills b using unnest($2::text[]) as gone(id) where b.id = gone.id", ["bills b"]),
        ("delete from events e using bills b where e.cell = $1", ["bills b"]),
        ("insert into bills (tenant_id, id) select * from unnest($2::integer[], $3::text[])", ["insert into bills"]),
        ("insert into bills (cell, id) select * from unnest($2::integer[], $3::text[])", ["insert into bills"]),
        ("insert into bills (cell, id) select $2, * from unnest($3::text[])", ["insert into bills"]),
        ("insert into bills (cell, id) values ($2, $1)", ["insert into bills"]),
        ("insert into bills select $1, 2", ["insert into bills in another form"]),
        # What is as it should be.
        ("select id from bills where cell = $1 and tenant_id = $2 -- from events", []),
        ("select id from bills b join events e on e.cell = $1 where b.cell = $1 and b.x = 'from bills'", []),
        ("insert into bills as b (cell, id) values ($1, $2) on conflict (cell, id) do update set x = b.x", []),
        ("insert into bills (cell, id) select $1::integer, * from unnest($2::text[])", []),
        ("select id from merchants where id = $1", []),
    ],
)
def test_a_statement_that_leaves_its_cell_is_found(statement: str, found: list[str]) -> None:
    assert strays(statement) == found
