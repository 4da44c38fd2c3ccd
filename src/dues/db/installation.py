"""The one row about this database as a whole: its last backup, and whether deliveries are held."""

from datetime import datetime

from msgspec import Struct

from dues.db.database import Database

FIND_INSTALLATION = "select backed_up_at, restored_at, deliveries_held_at from installation"

SAVE_BACKED_UP = """
update installation set backed_up_at = greatest(backed_up_at, $1::timestamptz)
"""

SAVE_RESTORED = """
update installation set backed_up_at = null, restored_at = $1::timestamptz, deliveries_held_at = $1::timestamptz
"""
"""A copy: it was never backed up itself, and sends nothing that the original has sent, or is about to."""

SAVE_DELIVERIES_RELEASED = "update installation set deliveries_held_at = null"


class Installation(Struct, frozen=True):
    """What is true of the whole database. Times are the server's; None: it never was, or is not."""

    backed_up_at: datetime | None
    restored_at: datetime | None
    deliveries_held_at: datetime | None


async def find_installation(database: Database) -> Installation:
    """As it is now."""
    row = await database.row(FIND_INSTALLATION)
    assert row, "the migration makes the row"
    return Installation(**row)
