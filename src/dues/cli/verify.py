"""`dues verify`: proves the books, or names what is wrong with them."""

import asyncio
import sys
import time
from collections.abc import Sequence

import msgspec
import typer

from dues.books.verify import Finding, Notice, Progress, count_entries, list_notices, verify
from dues.cli.database import AsJson, Data, database_of, place_of
from dues.settings import read_settings

SHOWN_MAX = 100
"""How many findings are printed, and how many notices; all are counted."""


def verify_books(data: Data = None, as_json: AsJson = False) -> None:
    """Check the whole database: balances, chains, bills, events. Exit status 1 if anything is wrong.

    Reads one consistent moment, so the server may go on working. Notices say what somebody should look at, such as
    money that a reversal could not take back: they are nothing wrong.
    """
    started = time.monotonic()
    progress = Progress()
    settings = read_settings(data=data)
    with database_of(settings) as (url, _):
        findings, notices = asyncio.run(find_wrong(url, progress))
    seconds = time.monotonic() - started

    if as_json:
        report = {
            "database": place_of(settings),
            "entries": progress.entries,
            "objects": progress.objects,
            "seconds": round(seconds, 2),
            "wrong": len(findings),
            "findings": findings[:SHOWN_MAX],
            "noticed": len(notices),
            "notices": notices[:SHOWN_MAX],
        }
        print(msgspec.json.encode(report).decode())
    else:
        print_found("WRONG", findings)
        print_found("NOTICE", notices)
        looked = f"{progress.entries:,} entries of {progress.objects:,} objects in {seconds:.1f} s"
        result = f"{len(findings)} wrong" if findings else "The books are right"
        print(f"{result}: {looked}, in {place_of(settings)}.")
    if findings:
        raise typer.Exit(1)


def print_found(mark: str, found: Sequence[Finding | Notice]) -> None:
    """Prints what was found, each thing on a line, and no more than SHOWN_MAX."""
    for one in found[:SHOWN_MAX]:
        print(f"{mark}  tenant {one.tenant_id}  {one.object_id}  {one.detail}")
    if len(found) > SHOWN_MAX:
        print(f"… and {len(found) - SHOWN_MAX} more")


async def find_wrong(url: str, progress: Progress) -> tuple[list[Finding], list[Notice]]:
    """All that is wrong, and all notices, with a bar on a terminal meanwhile."""
    # Here, and not above: no other command has a bar, and all the others would wait for its import.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("Verifying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("entries", total=await count_entries(url))

        def report(so_far: Progress) -> None:
            bar.update(task, completed=so_far.entries)

        findings = [finding async for finding in verify(url, progress, report)]
    return findings, await list_notices(url)
