"""What a database is like: its PostgreSQL, its size, whether its schema is this program's, how many use it."""

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


COUNT_DIRECTORY: Final = """
select (select count(*) from merchants) as merchants, (select count(distinct cell) from tenants) as cells
"""


async def count_directory(database: Database) -> tuple[int, int]:
    """How many merchants there are, and in how many cells their data is."""
    [row] = await database.rows(COUNT_DIRECTORY)
    return row["merchants"], row["cells"]
