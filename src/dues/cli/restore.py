"""`dues restore`: a backup becomes an empty database's."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from dues.backups.read import Backup, open_backup
from dues.backups.restore import restore_backup, steps
from dues.books.verify import Progress
from dues.cli.bars import bar
from dues.cli.database import AsJson, Data, opened, place_of
from dues.cli.restore_moment import restore_moment
from dues.cli.signals import fail_on_signals
from dues.cli.verify import SHOWN_MAX, find_wrong, print_found
from dues.db.embedded import EmbeddedPostgres
from dues.db.new_cluster import new_cluster
from dues.settings import Settings, read_settings

HELD = (
    "Its deliveries are held, so that no webhook is sent that the original has sent, or is about to. "
    "`dues webhooks release` lets them go."
)


def restore(
    file: Annotated[Path | None, typer.Argument(help="The backup. Not with --at.")] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="Restore the moment of a time (2026-01-31T12:00:00, in UTC) from an archive, or the latest.",
            show_default=False,
        ),
    ] = None,
    archive: Annotated[
        str | None, typer.Option(help="The archive that --at is restored from.", envvar="DUES_ARCHIVE")
    ] = None,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Do not check the books afterwards.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into an empty database: that of DUES_DATABASE_URL, or a new one in the data folder.

    Every byte is compared with what was backed up, and every ledger's last entry. Then the schema is brought up to
    date, and the books are checked. What fails leaves nothing behind. Exit status 1: restored, but the books are wrong.
    """
    fail_on_signals()
    if (file is None) == (at is None):
        raise typer.BadParameter("say one of FILE and --at.")
    settings = read_settings(data=data, archive=archive)
    started = time.monotonic()
    report = _restore_file(file, settings) if file else restore_moment(at or "", settings)
    report |= {"database": place_of(settings), "deliveries": "held", "seconds": round(time.monotonic() - started, 2)}
    if not as_json:
        _tell(report)
    verified = None if no_verify else verify_restored(settings, as_json)
    if as_json:
        print(msgspec.json.encode(report | {"verified": verified}).decode())
    if verified and verified["wrong"]:
        raise typer.Exit(1)


def _restore_file(file: Path, settings: Settings) -> dict[str, Any]:
    with open_backup(file) as backup:
        with _empty_database(settings) as url, bar("Restoring") as report:
            applied = asyncio.run(_restore(url, settings, backup, report))
        manifest = backup.manifest
    return {
        "from": str(file),
        "as_of": manifest.taken_at,
        "schema": manifest.schema,
        "applied": applied,
        "rows": manifest.rows,
        "ledgers": manifest.heads.rows,
    }


async def _restore(url: str, settings: Settings, backup: Backup, report: Any) -> list[str]:
    of = steps(backup.manifest)
    return await restore_backup(url, place_of(settings), backup, datetime.now(UTC), lambda done: report(done, of))


@contextmanager
def _empty_database(settings: Settings) -> Iterator[str]:
    """The one of the URL, whatever is in it; or one that is in the data folder once the block has ended well."""
    if settings.database_url:
        yield settings.database_url
        return
    with new_cluster(settings.data) as folder:
        embedded = EmbeddedPostgres(folder)
        try:
            yield embedded.open()
        finally:
            embedded.close()


def _tell(report: dict[str, Any]) -> None:
    what = f"{report['rows']:,} rows and {report['ledgers']:,} ledgers" if "rows" in report else "the database"
    print(
        f"Restored {what}, as of {report['as_of']:%Y-%m-%d %H:%M:%S} UTC, from {report['from']} into "
        f"{report['database']} in {report['seconds']:.1f} s."
    )
    if report["applied"]:
        print(f"The schema is brought up to date: {', '.join(report['applied'])}.")
    print(HELD)


def verify_restored(settings: Settings, as_json: bool) -> dict[str, object]:
    """Checks the books of what was restored; tells of it where nobody wants JSON."""
    started, progress = time.monotonic(), Progress()
    with opened(settings) as (url, _):
        findings, _notices = asyncio.run(find_wrong(url, progress))
    seconds = time.monotonic() - started
    if not as_json:
        print_found("WRONG", findings)
        result = f"{len(findings)} wrong" if findings else "The books are right"
        print(f"{result}: {progress.entries:,} entries of {progress.objects:,} objects in {seconds:.1f} s.")
    return {
        "entries": progress.entries,
        "objects": progress.objects,
        "seconds": round(seconds, 2),
        "wrong": len(findings),
        "findings": findings[:SHOWN_MAX],
    }
