"""What a database is like: its PostgreSQL, its size, whether its schema is this program's, and what is kept of it."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from dues.db.database import Database
from dues.db.migrate import FIND_MIGRATIONS, migrations

FIND_POSTGRES: Final = """
select current_setting('server_version') as version, pg_database_size(current_database()) as size_bytes
"""


class Condition(Struct, frozen=True):
    """What can be said of any database of dues, whichever version was there. `missing` are migrations of this program
    that were not applied, `unknown` those that it does not have."""

    postgresql: str
    size_bytes: int
    missing: list[str]
    unknown: list[str]

    @property
    def is_current(self) -> bool:
        """Whether exactly this program's migrations have run."""
        return not self.missing and not self.unknown


async def find_condition(database: Database) -> Condition:
    """Looks, and changes nothing."""
    [postgres] = await database.rows(FIND_POSTGRES)
    applied = {row["name"] for row in await database.rows(FIND_MIGRATIONS)}
    return Condition(
        postgresql=postgres["version"].split()[0],
        size_bytes=postgres["size_bytes"],
        missing=sorted(migrations().keys() - applied),
        unknown=sorted(applied - migrations().keys()),
    )


FIND_INSTALLATION: Final = """
select (select count(*) from merchants) as merchants, (select count(distinct t.cell) from tenants t) as cells,
       i.backed_up_at, i.restored_at, i.deliveries_held_at
  from installation i
"""


class Installation(Struct, frozen=True):
    """What is true of a database as a whole, whose schema is current. None: it never was."""

    merchants: int
    cells: int
    backed_up_at: datetime | None
    restored_at: datetime | None
    deliveries_held_at: datetime | None


async def find_installation(database: Database) -> Installation:
    """Counts, and reads the row of `installation`."""
    [row] = await database.rows(FIND_INSTALLATION)
    return Installation(**dict(row))
