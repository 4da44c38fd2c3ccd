"""Lets deliveries go that are held, with all that has waited or without it."""

from dues.db.database import Database
from dues.events.watermark import Watermark
from dues.tenants.store import list_cells
from dues.webhooks.holding import store


async def release_deliveries(database: Database, *, skip_pending: bool) -> bool:
    """Lets them go; False where they are not held, and then nothing happens.

    With `skip_pending` nothing is sent that happened before, unless somebody asks for it to be sent again. Every
    process that delivers notices within a second.
    """
    watermark, cells = Watermark(database), await list_cells(database) if skip_pending else ()
    positions = {cell: await watermark.stable_position(cell) for cell in cells}
    async with database.transaction() as tx:
        if not await store.lock_held(tx):
            return False
        for cell, position in positions.items():
            await store.skip(tx, cell, position)
        await store.save_released(tx)
        await tx.commit()
    return True
