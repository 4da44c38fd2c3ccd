"""`dues verify`: proves the books, or names what is wrong with them."""

import asyncio
import sys
import time

import msgspec
import typer

from dues.books.verify import Finding, Progress, count_entries, verify
from dues.cli.database import AsJson, Data, database_of
from dues.settings import read_settings

SHOWN_MAX = 100
"""How many findings are printed; all are counted."""


def verify_books(data: Data = None, as_json: AsJson = False) -> None:
    """Check the whole database: balances, chains, bills, events. Exit status 1 if anything is wrong.

    Reads one consistent moment, so the server may go on working.
    """
    started = time.monotonic()
    progress = Progress()
    with database_of(read_settings(data=data)) as (url, _):
        findings = asyncio.run(_run(url, progress))
    seconds = time.monotonic() - started

    if as_json:
        report = {
            "entries": progress.entries,
            "objects": progress.objects,
            "seconds": round(seconds, 2),
            "wrong": len(findings),
            "findings": findings[:SHOWN_MAX],
        }
        print(msgspec.json.encode(report).decode())
    else:
        for finding in findings[:SHOWN_MAX]:
            print(f"WRONG  tenant {finding.tenant_id}  {finding.object_id}  {finding.detail}")
        if len(findings) > SHOWN_MAX:
            print(f"… and {len(findings) - SHOWN_MAX} more")
        looked = f"{progress.entries:,} entries of {progress.objects:,} objects in {seconds:.1f} s"
        print(f"The books are right: {looked}." if not findings else f"{len(findings)} wrong: {looked}.")
    if findings:
        raise typer.Exit(1)


async def _run(url: str, progress: Progress) -> list[Finding]:
    # Here, and not above: no other command has a bar, and all the others would wait for its import.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("Verifying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("entries", total=await count_entries(url))

        def report(so_far: Progress) -> None:
            bar.update(task, completed=so_far.entries)

        return [finding async for finding in verify(url, progress, report)]
