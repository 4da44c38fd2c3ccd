"""The statements on the test clocks, which are a column of tenants."""

from collections.abc import Sequence

from dues.work.work import Work

FIND_CLOCKS = "select id, clock_offset_seconds from tenants where id = any($1::bigint[])"


async def find_clocks(work: Work, tenant_ids: Sequence[int]) -> dict[int, int]:
    """How far each tenant's clock is ahead, in seconds."""
    rows = await work.tx.find(FIND_CLOCKS, tenant_ids)
    return {row["id"]: row["clock_offset_seconds"] for row in rows}


LOCK_CLOCKS = """
select id, clock_offset_seconds from tenants where id = any($1::bigint[]) order by id for no key update
"""


async def lock_clocks(work: Work, tenant_ids: Sequence[int]) -> dict[int, int]:
    """As find_clocks, held until the end of the transaction. Nothing but another advance waits for it."""
    rows = await work.tx.lock(LOCK_CLOCKS, tenant_ids)
    return {row["id"]: row["clock_offset_seconds"] for row in rows}


SAVE_CLOCKS = """
update tenants t
   set clock_offset_seconds = new.clock_offset_seconds
  from unnest($1::bigint[], $2::bigint[]) as new(id, clock_offset_seconds)
 where t.id = new.id
"""


def save_clock(work: Work, tenant_id: int, offset_seconds: int) -> None:
    """Writes how far a clock that is locked is ahead."""
    work.tx.write(SAVE_CLOCKS, [(tenant_id, offset_seconds)])
