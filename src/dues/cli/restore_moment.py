"""`dues restore --at`: a moment of the past, from an archive."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from dues.backups.restore import hold_deliveries
from dues.db.archives.folder import ArchiveError
from dues.db.archives.recover import choose_base, recover
from dues.db.embedded import EmbeddedPostgres
from dues.db.migrate import migrate, refuse_empty
from dues.db.new_cluster import new_cluster
from dues.settings import Settings

LATEST = "latest"


def restore_moment(at: str, settings: Settings) -> dict[str, Any]:
    """Makes the database of a moment in the data folder; what is to be told of it. Raises ArchiveError."""
    if settings.database_url:
        raise ArchiveError("--at makes an embedded database: unset DUES_DATABASE_URL, and name a folder with --data.")
    if not settings.archive:
        raise ArchiveError("--at needs an archive: name it with --archive, or DUES_ARCHIVE.")
    archive, moment = Path(settings.archive).expanduser().resolve(), _moment(at)
    base = choose_base(archive, moment)
    with new_cluster(settings.data) as folder:
        last = recover(archive, base, folder, moment)
        embedded = EmbeddedPostgres(folder)
        try:
            applied = asyncio.run(_finish(embedded.open(), str(archive)))
        finally:
            embedded.close()
    return {"from": str(archive), "as_of": last, "base": base.path.name, "applied": applied}


def _moment(at: str) -> datetime | None:
    if at == LATEST:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise typer.BadParameter("--at is a time such as 2026-01-31T12:00:00Z, or latest.") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _finish(url: str, archive: str) -> list[str]:
    """Before anybody can serve it: its schema is current, and its deliveries are held."""
    await refuse_empty(url, archive)
    applied = await migrate(url)
    await hold_deliveries(url, datetime.now(UTC))
    return applied
