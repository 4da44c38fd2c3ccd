"""`dues backup`: everything in one file."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from dues.backups.write import Written, write_backup
from dues.cli.bars import bar
from dues.cli.database import AsJson, Data, opened, place_of
from dues.cli.signals import fail_on_signals
from dues.db.migrate import refuse_empty
from dues.settings import read_settings


def backup(
    to: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="The file to write; one that is there is replaced. Or a folder, for one named by the time.",
        ),
    ],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Back the whole database up into one file, as it is at one moment, while the server goes on.

    The file is whole, or not there. `dues restore` proves it, and restores it into any PostgreSQL from 15 on.
    """
    fail_on_signals()
    settings = read_settings(data=data)
    started = time.monotonic()
    with opened(settings) as (url, _), bar("Backing up") as report:
        asyncio.run(refuse_empty(url, place_of(settings)))
        written = asyncio.run(write_backup(url, to, report))
    seconds = time.monotonic() - started
    if as_json:
        print(msgspec.json.encode(_report(written, place_of(settings), seconds)).decode())
        return
    made = written.manifest
    print(
        f"Backed up {made.rows:,} rows and {made.heads.rows:,} ledgers of {place_of(settings)} to {written.path}: "
        f"{written.bytes / 1e6:,.1f} MB in {seconds:.1f} s."
    )
    if not written.noted:
        print("The time could not be noted in the database, which is not to be written to.")


def _report(written: Written, place: str, seconds: float) -> dict[str, object]:
    made = written.manifest
    return {
        "file": str(written.path),
        "database": place,
        "bytes": written.bytes,
        "taken_at": made.taken_at,
        "schema": made.schema,
        "rows": made.rows,
        "ledgers": made.heads.rows,
        "entries": sum(total.entries for total in made.totals),
        "noted": written.noted,
        "seconds": round(seconds, 2),
    }
