"""Whether a commit waits for all that it should wait for, which is what a 2xx says."""

from typing import Final

from dues.db.database import Database

WAITS_FOR_NO_DISK: Final = "synchronous_commit is off: what was just answered with 2xx is lost in a crash"
WAITS_FOR_NO_STANDBY: Final = (
    "synchronous_standby_names is set but synchronous_commit is {}: what was just answered with 2xx is lost in a "
    "fail-over"
)
WAITS_FOR_NO_DISK_THERE: Final = (
    "synchronous_commit is remote_write: what was just answered with 2xx is lost where the standby crashes too"
)

FIND_WAITS = """
select current_setting('synchronous_commit') as commits,
       current_setting('synchronous_standby_names') <> '' as has_standby
"""


async def what_is_not_waited_for(database: Database) -> str | None:
    """What commits on this database do not wait for, in a sentence; None where all is as it should be."""
    [row] = await database.rows(FIND_WAITS)
    return explain(row["commits"], has_standby=row["has_standby"])


def explain(commits: str, *, has_standby: bool) -> str | None:
    """The same, of what `synchronous_commit` is."""
    if has_standby and commits in ("off", "local"):
        return WAITS_FOR_NO_STANDBY.format(commits)
    if has_standby and commits == "remote_write":
        return WAITS_FOR_NO_DISK_THERE
    return WAITS_FOR_NO_DISK if commits == "off" else None
