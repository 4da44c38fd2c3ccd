"""The statements that read everything out of a database, and fill an empty one."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from msgspec import Struct

from dues.backups.manifest import Total
from dues.db.copies import CopySource, CopyTarget
from dues.db.installation import SAVE_RESTORED

FIND_TAKEN_AT = "select now() as taken_at"

FIND_APPLIED = "select name from schema_migrations order by name"

LIST_CELLS = "select distinct cell from tenants order by cell"

FIND_EVENT_POSITION = "select last_value as position from event_positions"

LIST_TABLES = """
select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns,
       greatest(c.reltuples, 0)::bigint as rows_about
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
 where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
   and c.relname = any($1::text[])
 group by c.oid, c.relname, c.reltuples
 order by c.relname
"""

LIST_RELATIONS = """
select c.relname as name
  from pg_class c
 where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
   and not exists (select from pg_depend d where d.objid = c.oid and d.deptype in ('e', 'i', 'a'))
 order by c.relkind, c.relname
"""
"""What is there already; neither what belongs to extensions, nor the sequences of columns."""

STREAM_HEADS = """
select tenant_id, owner_id, number, balance_after, encode(hash, 'hex')
  from (select distinct on (tenant_id, owner_id) tenant_id, owner_id, number, balance_after, hash
          from entries
         where cell = $1
         order by tenant_id desc, owner_id desc, number desc) as head
 order by tenant_id, owner_id
"""

SUM_ENTRIES = """
select currency, count(*) as entries, sum(amount) as amount from entries where cell = $1 group by currency
"""

FIND_FOREIGN_KEYS = """
select conrelid::regclass::text as on_table, quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
  from pg_constraint
 where contype = 'f' and conparentid = 0 and connamespace = current_schema()::regnamespace
"""

FIND_INDEXES = """
select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
  from pg_index i
  join pg_class t on t.oid = i.indrelid and t.relkind = 'r' and not t.relispartition
 where t.relnamespace = current_schema()::regnamespace
   and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
"""
"""Those that are no constraint's."""

FIND_LAST_EVENT = "select coalesce(max(position), 0) as position from events where cell = $1"

SET_EVENT_POSITION = "select setval('event_positions', $1)"

SET_TENANT_IDS = """
select setval(pg_get_serial_sequence('tenants', 'id'), max(id)) from tenants having count(*) > 0
"""


class Table(Struct, frozen=True):
    """A table, its columns in their order, and about how many rows it has."""

    name: str
    columns: list[str]
    rows_about: int


async def list_tables(source: CopySource, names: Sequence[str]) -> list[Table]:
    """Those of these names that are there."""
    return [Table(**row) for row in await source.rows(LIST_TABLES, names)]


async def list_relations(source: CopySource) -> list[str]:
    """The names of whatever is in the schema."""
    return [row["name"] for row in await source.rows(LIST_RELATIONS)]


async def list_cells(source: CopySource) -> list[int]:
    """The cells that there are tenants in."""
    return [row["cell"] for row in await source.rows(LIST_CELLS)]


async def list_applied(source: CopySource) -> list[str]:
    """The migrations that have run."""
    return [row["name"] for row in await source.rows(FIND_APPLIED)]


async def find_taken_at(source: CopySource) -> datetime:
    """The time of the snapshot."""
    [row] = await source.rows(FIND_TAKEN_AT)
    found: datetime = row["taken_at"]
    return found


async def find_event_position(source: CopySource) -> int:
    """The last that was taken."""
    [row] = await source.rows(FIND_EVENT_POSITION)
    return int(row["position"])


async def copy_table(
    source: CopySource, table: str, columns: Sequence[str], cells: Sequence[int], sink: Callable[[bytes], None]
) -> None:
    """Passes all rows of a table on: cell by cell where it has cells, but for the one that says which."""
    reading = f"select {', '.join(columns)} from {table}"
    if "cell" not in columns or table == "tenants":
        await source.copy_out(reading, sink=sink)
        return
    for cell in cells:
        await source.copy_out(f"{reading} where cell = $1", cell, sink=sink)


async def copy_heads(source: CopySource, cells: Sequence[int], sink: Callable[[bytes], None]) -> None:
    """Passes the last entry of every ledger on, in one order wherever it is asked for."""
    for cell in cells:
        await source.copy_out(STREAM_HEADS, cell, sink=sink)


async def sum_entries(source: CopySource, cells: Sequence[int]) -> list[Total]:
    """What the entries come to, by currency."""
    sums: dict[str, tuple[int, int]] = {}
    for cell in cells:
        for row in await source.rows(SUM_ENTRIES, cell):
            entries, amount = sums.get(row["currency"], (0, 0))
            sums[row["currency"]] = entries + row["entries"], amount + int(row["amount"])
    return [Total(currency, *of) for currency, of in sorted(sums.items())]


class Shelved(Struct, frozen=True):
    """The statements that make again what an empty schema did without while it was filled."""

    statements: list[str]


async def shelve(target: CopyTarget, tables: Sequence[str]) -> Shelved:
    """Empties the tables of what migrations put there, and takes off what would slow down or refuse each row."""
    keys = await target.rows(FIND_FOREIGN_KEYS)
    for key in keys:
        await target.execute(f"alter table {key['on_table']} drop constraint {key['name']}")
    indexes = await target.rows(FIND_INDEXES)
    for index in indexes:
        await target.execute(f"drop index {index['name']}")
    for table in tables:
        await target.execute(f"alter table {table} disable trigger user")
    await target.execute(f"truncate {', '.join(tables)}")
    return Shelved(
        [f"alter table {table} enable trigger user" for table in tables]
        + [index["definition"] for index in indexes]
        + [f"alter table {key['on_table']} add constraint {key['name']} {key['definition']}" for key in keys]
    )


async def put_back(target: CopyTarget, shelved: Shelved, done: Callable[[], None]) -> None:
    """Makes it all again; each index and key at once, which is faster than row by row. `done` is called for each."""
    await target.execute("set local maintenance_work_mem = '256MB'")
    for statement in shelved.statements:
        await target.execute(statement)
        done()


async def copy_into(target: CopyTarget, table: str, columns: Sequence[str], source: AsyncIterator[bytes]) -> None:
    """Fills a table."""
    await target.copy_in(table, columns, source)


async def set_sequences(target: CopyTarget, event_position: int) -> None:
    """Goes on counting behind what was counted, and behind all that is there."""
    last = [row["position"] for cell in await list_cells(target) for row in await target.rows(FIND_LAST_EVENT, cell)]
    await target.rows(SET_EVENT_POSITION, max(event_position, *last, 1))
    await target.rows(SET_TENANT_IDS)


async def save_restored(target: CopyTarget, now: datetime) -> None:
    """Notes that this is a copy, and holds its deliveries."""
    await target.execute(SAVE_RESTORED, now)
