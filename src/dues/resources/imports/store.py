"""The statements on the rows of imports: staged, carried out, and remembered."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Transaction
from dues.domain.files.verdicts import Fault, Verdict
from dues.domain.tenants import Tenant
from dues.jobs.store import Job


class StagedRow(Struct, frozen=True):
    """A row that was looked at: where it stands, what makes it the same as another, and what is wrong with it by
    itself. `key` None: it has none."""

    line: int
    ends_at: int
    key: bytes | None
    digest: bytes
    fault: Fault | None = None


INSERT_STAGED: Final = """
insert into import_rows (cell, tenant_id, import_id, line, ends_at, key, digest, verdict, codes, columns, details)
select $1, $2, $3, s.line, s.ends_at, s.key, s.digest,
       case when s.code is not null then 'rejected' end,
       case when s.code is not null then array[s.code] end,
       case when s.code is not null then array[s.name] end,
       case when s.code is not null then array[s.detail] end
  from unnest($4::integer[], $5::bigint[], $6::bytea[], $7::bytea[], $8::text[], $9::text[], $10::text[])
    as s(line, ends_at, key, digest, code, name, detail)
 order by s.line
    on conflict do nothing
returning line
"""

INSERT_DUPLICATES: Final = """
insert into import_rows (cell, tenant_id, import_id, line, ends_at, digest, verdict, codes, columns, details)
select $1, $2, $3, s.line, s.ends_at, s.digest, 'rejected', '{duplicate_in_file}', array[$8::text],
       array['The row of line ' || (select f.line from import_rows f
                                     where f.cell = $1 and f.tenant_id = $2 and f.import_id = $3 and f.key = s.key)
             || ' has the same key.']
  from unnest($4::integer[], $5::bigint[], $6::bytea[], $7::bytea[]) as s(line, ends_at, key, digest)
"""


async def insert_staged(tx: Transaction, job: Job, rows: Sequence[StagedRow], key_column: str) -> None:
    """Keeps rows that were looked at. Of those with the same key only the first is going to be carried out."""
    if not rows:
        return
    columns = zip(
        *(
            (
                row.line,
                row.ends_at,
                row.key,
                row.digest,
                row.fault and row.fault.code,
                row.fault and row.fault.column,
                row.fault and row.fault.detail,
            )
            for row in rows
        ),
        strict=True,
    )
    kept = {found["line"] for found in await tx.lock(INSERT_STAGED, *job.tenant, job.id, *columns)}
    again = [(row.line, row.ends_at, row.key, row.digest) for row in rows if row.line not in kept]
    if again:
        await tx.lock(INSERT_DUPLICATES, *job.tenant, job.id, *zip(*again, strict=True), key_column)


LOCK_UNCHANGED: Final = """
update import_rows r
   set verdict = 'unchanged', object_id = i.object_id
  from imported_rows i
 where r.cell = $1 and r.tenant_id = $2 and r.import_id = $3 and r.line > $4 and r.line <= $5 and r.verdict is null
   and i.cell = $1 and i.tenant_id = $2 and i.namespace = $6 and i.key = r.key and i.digest = r.digest
returning r.line
"""

FIND_WINDOW: Final = """
select r.line, r.ends_at
  from import_rows r
 where r.cell = $1 and r.tenant_id = $2 and r.import_id = $3 and r.line > $4
 order by r.line
 limit $5
"""

FIND_WAITING: Final = """
select r.line, r.key, r.digest, i.object_id
  from import_rows r
  left join imported_rows i on i.cell = $1 and i.tenant_id = $2 and i.namespace = $6 and i.key = r.key
 where r.cell = $1 and r.tenant_id = $2 and r.import_id = $3 and r.line > $4 and r.line <= $5 and r.verdict is null
 order by r.line
"""


class WaitingRow(Struct, frozen=True):
    """A row that is to be carried out. `object_id` is what its key stands for, if it was applied before."""

    line: int
    key: bytes
    digest: bytes
    object_id: str | None


class Window(Struct, frozen=True):
    """Rows that go together: the last one's line, the byte at which it ends, and how many they are."""

    line: int
    ends_at: int
    rows: int


async def find_window(database: Database, job: Job, limit: int) -> Window | None:
    """The next `limit` rows; None where there is no more."""
    rows = await database.rows(FIND_WINDOW, *job.tenant, job.id, job.position, limit)
    return Window(rows[-1]["line"], rows[-1]["ends_at"], len(rows)) if rows else None


async def mark_unchanged(tx: Transaction, job: Job, to: int, namespace: str) -> int:
    """Rows up to a line that say what the last ones with their keys said; how many."""
    return len(await tx.lock(LOCK_UNCHANGED, *job.tenant, job.id, job.position, to, namespace))


async def find_waiting(tx: Transaction, job: Job, to: int, namespace: str) -> list[WaitingRow]:
    """The rows up to a line that are to be carried out, in order."""
    rows = await tx.find(FIND_WAITING, *job.tenant, job.id, job.position, to, namespace)
    return [WaitingRow(row["line"], row["key"], row["digest"], row["object_id"]) for row in rows]


class Judged(Struct, frozen=True):
    """What became of a row."""

    line: int
    verdict: Verdict
    faults: Sequence[Fault] = ()
    object_id: str | None = None


SAVE_VERDICTS: Final = """
update import_rows r
   set verdict = v.verdict, object_id = v.object_id,
       codes = case when v.codes <> '' then string_to_array(v.codes, E'\\x1f') end,
       -- One fault of no column is an empty text, which has no elements.
       columns = case
           when v.codes <> '' then coalesce(nullif(string_to_array(v.columns, E'\\x1f', ''), '{}'), '{null}')
       end,
       details = case when v.codes <> '' then string_to_array(v.details, E'\\x1f') end
  from unnest($2::integer[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
    as v(tenant_id, import_id, line, verdict, object_id, codes, columns, details)
 where r.cell = $1 and r.tenant_id = v.tenant_id and r.import_id = v.import_id and r.line = v.line
"""

_BETWEEN: Final = "\x1f"
"""No text of ours has it: control characters are refused, and sentences quote them."""


def save_verdicts(tx: Transaction, job: Job, judged: Sequence[Judged]) -> None:
    """Puts off writing what became of rows."""
    tx.write(SAVE_VERDICTS, [_verdict(job, one) for one in judged])


def _verdict(job: Job, one: Judged) -> tuple[object, ...]:
    parts = zip(*((fault.code, fault.column, fault.detail.replace(_BETWEEN, " ")) for fault in one.faults), strict=True)
    codes, columns, details = (_BETWEEN.join(part) for part in parts) if one.faults else ("", "", "")
    return job.tenant.id, job.id, one.line, one.verdict, one.object_id, codes, columns, details


SAVE_IMPORTED: Final = """
insert into imported_rows (cell, tenant_id, namespace, key, digest, object_id)
select $1::integer, * from unnest($2::integer[], $3::text[], $4::bytea[], $5::bytea[], $6::text[])
    on conflict (cell, tenant_id, namespace, key)
    do update set digest = excluded.digest, object_id = excluded.object_id
"""

SAVE_IDENTITIES: Final = """
insert into customer_identities (cell, tenant_id, customer_id, digest, last_three)
select $1::integer, * from unnest($2::integer[], $3::text[], $4::bytea[], $5::text[])
    on conflict (cell, tenant_id, customer_id)
    do update set digest = excluded.digest, last_three = excluded.last_three
"""

DELETE_VERDICTS: Final = """
update import_rows r
   set verdict = null, object_id = null, codes = null, columns = null, details = null
 where r.cell = $1 and r.tenant_id = $2 and r.import_id = $3 and r.key is not null and r.verdict is not null
"""


async def forget_verdicts(tx: Transaction, job: Job) -> None:
    """What was tried is to be carried out: every row that has a key waits again."""
    await tx.lock(DELETE_VERDICTS, *job.tenant, job.id)


LIST_ROWS: Final = """
select r.line, r.verdict, r.codes, r.columns, r.details, r.object_id
  from import_rows r
 where r.cell = $1 and r.tenant_id = $2 and r.import_id = $3 and r.line > $4 and ($5::text is null or r.verdict = $5)
   and r.verdict is not null
 order by r.line
 limit $6
"""


class RowResult(Struct, frozen=True):
    """A row and what became of it."""

    line: int
    verdict: Verdict
    codes: Sequence[str]
    columns: Sequence[str]
    details: Sequence[str]
    object_id: str | None


async def list_rows(
    database: Database, tenant: Tenant, import_id: str, after: int, verdict: str | None, limit: int
) -> list[RowResult]:
    """Rows of an import after a line, in their order."""
    rows = await database.rows(LIST_ROWS, *tenant, import_id, after, verdict, limit)
    return [
        RowResult(
            row["line"],
            row["verdict"],
            row["codes"] or (),
            [column or "" for column in row["columns"] or ()],
            row["details"] or (),
            row["object_id"],
        )
        for row in rows
    ]


async def stream_rows(
    database: Database, tenant: Tenant, import_id: str, verdict: str | None, at_once: int = 2_000
) -> AsyncIterator[RowResult]:
    """All of them, some at a time."""
    after = 0
    while rows := await list_rows(database, tenant, import_id, after, verdict, at_once):
        for row in rows:
            yield row
        after = rows[-1].line
