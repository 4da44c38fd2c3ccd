"""The statements on the test clocks, which are a column of tenants."""

from dues.domain.tenants import Tenant
from dues.work.work import Work

FIND_CLOCK = "select clock_offset_seconds from tenants where cell = $1 and id = $2"


async def find_clock(work: Work, tenant: Tenant) -> int:
    """How far the tenant's clock is ahead, in seconds."""
    [row] = await work.tx.find(FIND_CLOCK, *tenant)
    offset: int = row["clock_offset_seconds"]
    return offset


LOCK_CLOCK = FIND_CLOCK + " for no key update"


async def lock_clock(work: Work, tenant: Tenant) -> int:
    """As find_clock, held until the end of the transaction. Nothing but another advance waits for it."""
    [row] = await work.tx.lock(LOCK_CLOCK, *tenant)
    offset: int = row["clock_offset_seconds"]
    return offset


SAVE_CLOCK = "update tenants set clock_offset_seconds = $3 where cell = $1 and id = $2"


async def save_clock(work: Work, tenant: Tenant, offset_seconds: int) -> None:
    """Writes how far a clock that is locked is ahead."""
    await work.tx.lock(SAVE_CLOCK, *tenant, offset_seconds)
