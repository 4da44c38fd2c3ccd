"""Where a database is spread over nodes by Citus: its tables are divided by cell, and statements are sent as it can.

Every server connects to the coordinator. The directory is on every node (reference tables); tenants' data is
distributed by `cell`, and all of a cell's is on one node. Without the extension none of this is done.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

from dues.db import grants

SESSION: Final = {
    # A statement is sent to a node once the cell is known, which a generic plan does not know.
    "plan_cache_mode": "force_custom_plan",
    # Parts of tables are hidden from who looks at the catalog, by a look at each: what the driver asks of it once for
    # each type took three seconds so, on every new connection.
    "citus.override_table_visibility": "off",
}

CELLS_MAX: Final = 1_024

NODE_SETTINGS: Final = {"lock_timeout": "4s"}
"""What sessions on the nodes must have, too: those that the coordinator opens there get none of its parameters."""

LOCAL: Final = {"schema_migrations"}
"""Tables that only the coordinator has."""

SEQUENCE: Final = "tenants_id_seq"

POSITIONS: Final = "take_event_positions(integer)"

FIND_CITUS: Final = "select exists (select from pg_extension where extname = 'citus') as found"

FIND_SPREAD: Final = """
select logicalrelid::text as name
  from pg_dist_partition
 where logicalrelid::text = any($1::text[])
"""

FIND_DIVIDED: Final = """
select a.attrelid::regclass::text as name
  from pg_attribute a
 where a.attrelid = any($1::text[]::regclass[]) and a.attname = 'cell' and a.attrelid <> 'tenants'::regclass
"""


def additions() -> str:
    """What a database has beside the schema where it is spread, in SQL that any PostgreSQL understands."""
    return (files("dues.db") / "citus.sql").read_text()


async def has_citus(connection: Any) -> bool:
    """Whether the database has the extension."""
    return bool(await connection.fetchval(FIND_CITUS))


async def find_local(connection: Any) -> list[str]:
    """The tables that are not spread yet, where the database has the extension; in the order of their making."""
    if not await has_citus(connection):
        return []
    wanted = [table for table in ("cells", *grants.TABLES) if table not in LOCAL]
    spread = {row["name"] for row in await connection.fetch(FIND_SPREAD, wanted)}
    return [table for table in wanted if table not in spread]


async def is_spread(connection: Any) -> bool:
    """Whether the database is spread over nodes."""
    return await has_citus(connection) and bool(await connection.fetch(FIND_SPREAD, ["cells"]))


async def prepare(connection: Any) -> None:
    """Has what follows in this transaction done as Citus needs it: one table after the other, on one connection to each
    node; and triggers be taken over by the nodes, where each refuses by itself, and touches no table."""
    if await has_citus(connection):
        await connection.execute("set local citus.multi_shard_modify_mode = 'sequential'")
        await connection.execute("set local citus.enable_unsafe_triggers = on")


async def spread(connection: Any) -> list[str]:
    """Spreads what is not spread yet, in a transaction of the caller's in which nobody else does; the tables."""
    if not (local := await find_local(connection)):
        return []
    await prepare(connection)
    if "cells" in local and not await connection.fetchval("select to_regclass('cells')"):
        await connection.execute(additions())
        await connection.execute(f"insert into cells select generate_series(1, {CELLS_MAX})")
    divided = {row["name"] for row in await connection.fetch(FIND_DIVIDED, local)}
    # The directory first: a table that is on every node may be referred to from wherever.
    for table in sorted(local, key=lambda name: name in divided):
        if table not in divided:
            await connection.execute(f"select create_reference_table('{table}')")
        else:
            beside = "default" if table == "cells" else "cells"
            await connection.execute(f"select create_distributed_table('{table}', 'cell', colocate_with := '{beside}')")
    await set_up_nodes(connection, await connection.fetchval("select current_user"))
    return local


async def set_up_nodes(connection: Any, role: str) -> None:
    """Gives what a role does on the nodes the parameters that it has to have there."""
    names = await connection.fetchrow(
        "select quote_ident($1) as role, quote_ident(current_database()) as database", role
    )
    for name, value in NODE_SETTINGS.items():
        await connection.execute(f"alter role {names['role']} in database {names['database']} set {name} = '{value}'")


async def grant(connection: Any, role: str) -> list[str]:
    """Grants a role what a server needs here beside what it is granted of the schema; the statements."""
    quoted = await connection.fetchval("select quote_ident($1)", role)
    done = [
        f"grant select on table cells to {quoted}",
        f"grant usage, select on sequence {SEQUENCE} to {quoted}",
        f"grant execute on function {POSITIONS} to {quoted}",
    ]
    await connection.execute(";\n".join(done))
    await set_up_nodes(connection, role)
    return done


@cache
def in_its_cell(statement: str) -> str:
    """What `Transaction.write` is given, said so that Citus sends it to the node of the cell $1 as it is: rows are
    selected from the table of cells, which is there. Selected from parameters alone, they would be copied to it, and
    committed in two phases."""
    return _INSERT.sub(_from_cells, statement)


_INSERT: Final = re.compile(
    r"\A(?P<into>\s*insert into [^(]*\([^)]*\)\s*)select \$1::integer, (?P<values>.*?)\s+"
    r"from (?P<rows>unnest\((?:[^()]|\([^()]*\))*\))(?P<named>\s*as (?P<name>\w+)\s*\([^)]*\))?"
    r"(?P<rest>\s*on conflict (?:do nothing|\([^)]*\)\s*do update set [^;]*?))?\s*\Z",
    re.DOTALL,
)


def _from_cells(found: "re.Match[str]") -> str:
    named, values = found["named"] or " as new", found["values"]
    whole = re.sub(r"(?<![\w.])\*", f"{found['name'] or 'new'}.*", values)
    return (
        f"{found['into']}select home.cell, {whole}\n  from cells home, {found['rows']}{named}\n"
        f" where home.cell = $1{found['rest'] or ''}\n"
    )
