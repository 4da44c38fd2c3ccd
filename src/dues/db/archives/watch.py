"""Says when the log cannot be archived: nobody else notices, since the server goes on."""

import time
from collections.abc import Callable
from typing import Final

import structlog
from msgspec import Struct

from dues.db.database import Database

EVERY_SECONDS: Final = 5.0

SAY_EVERY_SECONDS: Final = 60.0

FIND_ARCHIVING = """
select current_setting('archive_mode') <> 'off' as is_on,
       coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) as fails,
       extract(epoch from now() - greatest(last_archived_time, stats_reset, pg_postmaster_start_time()))::float8
           as seconds
  from pg_stat_archiver
"""

_log = structlog.get_logger()


class Said(Struct):
    """When it was last said; None: there was nothing to say."""

    at: float | None = None


async def watch_archive(database: Database, observe: Callable[[float], None], said: Said) -> None:
    """Looks once; tells `observe` for how long nothing could be archived. It is said once a minute, for as long as it
    lasts, and when it is over."""
    row = await database.row(FIND_ARCHIVING)
    assert row
    lag = row["seconds"] if row["fails"] or not row["is_on"] else 0.0
    observe(lag)
    now = time.monotonic()
    if not lag:
        if said.at is not None:
            _log.info("archive_works")
        said.at = None
    elif said.at is None or now - said.at >= SAY_EVERY_SECONDS:
        said.at = now
        why = "see postgres/log" if row["is_on"] else "PostgreSQL was started without it: restart all that use it"
        _log.error("archive_fails", seconds=round(lag), reason=why)
