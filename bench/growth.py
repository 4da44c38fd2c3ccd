"""How large it becomes: bytes of a row and of an account, WAL of a create, and whether purging keeps up."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import asyncpg

from bench.arena import Arena, Size
from bench.expired import fill_expired
from bench.fill import fill
from bench.findings import Sheet
from bench.load import Load
from bench.paced import Answered, Pace, paced
from bench.purging import TABLES, Purging
from bench.rounds import sent

PACE_PER_SECOND = 500
"""Creates beside which is purged: far below what is possible, so that what they take shows what they waited for."""

KEPT_UP_WITH = 5_000
"""Rows of each table in a second: what as many creates leave behind."""


@dataclass(frozen=True)
class Bytes:
    """What a table has: rows, bytes of the table with what is stored apart, bytes of its indexes."""

    rows: int
    table: int
    indexes: int


def bytes_of_accounts(arena: Arena, size: Size, tell: Callable[[int], None]) -> Sheet:
    """Fills the tables: a tenth of the accounts with all that there is on their first day, the others with what is kept
    for ever."""
    tenth, url = size.accounts // 10, arena.ground.url
    before = asyncio.run(_bytes(url))
    asyncio.run(fill(arena.ground, tenth, tell))
    first = asyncio.run(_bytes(url))
    asyncio.run(fill(arena.ground, size.accounts, tell, tenth, 0))
    last = asyncio.run(_bytes(url))
    return _sizes(tenth, size.accounts, before, first, last)


async def _bytes(url: str) -> dict[str, Bytes]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("vacuum analyze", timeout=3600)
        return {row["name"]: Bytes(row["rows"], row["data"], row["indexes"]) for row in await connection.fetch(_BYTES)}
    finally:
        await connection.close()


def _sizes(tenth: int, all_of_them: int, *seen: Mapping[str, Bytes]) -> Sheet:
    rows: list[Sequence[str]] = []
    sums = [0.0, 0.0]
    for name in seen[-1]:
        cells = [f"`{name}`"]
        for at, (accounts, one, other) in enumerate(
            ((tenth, seen[0], seen[1]), (all_of_them - tenth, seen[1], seen[2]))
        ):
            more = other[name].rows - one[name].rows
            table, indexes = other[name].table - one[name].table, other[name].indexes - one[name].indexes
            sums[at] += (table + indexes) / accounts
            each = (f"{table / more:,.0f}", f"{indexes / more:,.0f}") if more > accounts / 100 else ("–", "–")
            cells += [f"{max(0, more) / accounts:.2f}", *each]
        if cells[1] != "0.00":
            rows.append(cells)
    rows.append(["**bytes of an account**", "", "", f"**{sums[0]:,.0f}**", "", "", f"**{sums[1]:,.0f}**"])
    near, far = f"first {tenth:,}", f"other {all_of_them - tenth:,}"
    head = ["table", *(f"{where}: {what}" for where in (near, far) for what in ("rows", "bytes", "in indexes"))]
    return Sheet(
        head,
        rows,
        "Bytes of a row and of its entries in indexes, and how many rows an account has of it (every tenth has a "
        "customer of its own). The first are there with their events and answers, as in their first day; of the others "
        "the events are forgotten, but for their numbers, and the answers have expired: what is kept for ever.",
    )


def wal_of_creates(arena: Arena, size: Size) -> Sheet:
    """Creates under load, right after a checkpoint and later."""
    arena.warm_up(size, arena.ours)
    rows: list[Sequence[str]] = []
    for when in ("right after a checkpoint", "after that", "and after that"):
        if not rows:
            asyncio.run(_fetch(arena.ground.url, "checkpoint"))
        before = asyncio.run(_fetch(arena.ground.url, _WAL))
        load = Load(arena.ours.port, arena.creates(), size.connections, size.seconds)
        creates = sent(arena.ours, load).answered
        after = asyncio.run(_fetch(arena.ground.url, _WAL))
        rows.append(
            (
                when,
                f"{creates:,}",
                f"{(after['bytes'] - before['bytes']) / creates:,.0f}",
                f"{(after['pages'] - before['pages']) / creates:.2f}",
            )
        )
    return Sheet(
        ("creates", "number", "bytes of WAL each", "full pages each"),
        rows,
        "A page that is changed for the first time after a checkpoint is logged as a whole, 8 KiB. The more is created "
        "between two checkpoints, the less of that falls on each.",
    )


def purging_beside_creates(arena: Arena, size: Size) -> Sheet:
    """What is purged in a second while creates arrive at a pace, and what these wait for it."""
    asyncio.run(fill_expired(arena.ground, size.expired, lambda _: None))
    asyncio.run(_fetch(arena.ground.url, "checkpoint"))
    seconds = 3 * size.seconds
    alone: list[Answered] = []
    beside: list[Answered] = []
    purged: list[dict[str, float]] = []
    for _ in range(size.rounds):
        alone.append(_paced(arena, seconds))
        with Purging(arena.ground.url) as purging:
            beside.append(_paced(arena, seconds))
        purged.append(purging.told.per_second)
    rows: list[Sequence[str]] = [
        (f"rows of `{table}` purged a second", "–", f"{median(one[table] for one in purged):,.0f}") for table in TABLES
    ]
    both = (alone, beside)
    rows.append(("creates: p50", *(f"{median(one.p50_ms for one in some):.1f} ms" for some in both)))
    rows.append(("creates: p99", *(f"{median(one.p99_ms for one in some):.1f} ms" for some in both)))
    return Sheet(
        ("what", "alone", "while all three are purged"),
        rows,
        f"{PACE_PER_SECOND:,} creates a second, in turn, {size.rounds} rounds of {seconds:g} s, beside "
        f"{size.expired:,} rows of each table that are to go. To keep up with {KEPT_UP_WITH:,} creates a second, as "
        "many rows of each have to be purged.",
    )


def _paced(arena: Arena, seconds: float) -> Answered:
    return paced(Pace(arena.ours.port, arena.creates(), PACE_PER_SECOND, seconds))


async def _fetch(url: str, statement: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch(statement, timeout=3600)
        return found[0] if found else None
    finally:
        await connection.close()


_WAL = "select (pg_current_wal_insert_lsn() - '0/0')::bigint as bytes, wal_fpi as pages from pg_stat_wal"

_BYTES = """
select relname as name, greatest(reltuples, 0)::bigint as rows, pg_table_size(oid) as data,
       pg_indexes_size(oid) as indexes
  from pg_class
 where relkind = 'r' and relnamespace = current_schema()::regnamespace
 order by relname
"""
