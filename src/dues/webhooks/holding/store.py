"""The statements that let deliveries go, or skip what has waited."""

from dues.db.installation import SAVE_DELIVERIES_RELEASED
from dues.db.transaction import Transaction

LOCK_INSTALLATION = "select deliveries_held_at from installation for update"

SAVE_SKIPPED = "update webhook_endpoints set position = greatest(position, $2), held_until = null where cell = $1"

DELETE_LANES = "delete from webhook_lanes where cell = $1"

DELETE_RESENDS = "delete from webhook_resends where cell = $1"

SAVE_GIVEN_UP = """
update webhook_deliveries set status = 'failed', next_attempt_at = null where cell = $1 and status = 'pending'
"""
"""They can be asked for again: as those that failed."""


async def lock_held(tx: Transaction) -> bool:
    """Whether deliveries are held; that stays so until the end."""
    [row] = await tx.lock(LOCK_INSTALLATION)
    return row["deliveries_held_at"] is not None


async def skip(tx: Transaction, cell: int, position: int) -> None:
    """Has all endpoints of a cell go on behind a position of the feed, with nothing left from before it."""
    await tx.lock(SAVE_SKIPPED, cell, position)
    for statement in (DELETE_LANES, DELETE_RESENDS, SAVE_GIVEN_UP):
        await tx.lock(statement, cell)


async def save_released(tx: Transaction) -> None:
    """They are sent from now on."""
    await tx.lock(SAVE_DELIVERIES_RELEASED)
