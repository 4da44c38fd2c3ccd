"""`dues import`: a file of rows, taken in and carried out, with a verdict for each."""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
import typer

from dues.cli.database import AsJson, Data, with_database
from dues.cli.merchants import Merchant
from dues.cli.tenants import Live, find_tenant, print_json
from dues.cli.work import carrying_out
from dues.db.database import Database
from dues.db.statistics import EVERY_SECONDS, analyze_outgrown
from dues.domain.actors import SYSTEM
from dues.domain.files.rows import FileKindName
from dues.domain.files.verdicts import FileRefusedError
from dues.domain.refusals import Refusal
from dues.jobs.process import CarryOut, carry_out_all
from dues.jobs.store import UNDER_WAY, Job, find_job
from dues.resources.imports.query import ImportQuery
from dues.resources.imports.receive import take_in
from dues.resources.imports.result import result_csv
from dues.resources.imports.wire import import_body
from dues.settings import read_settings

READ_BYTES = 1 << 20

_KINDS = ", ".join(get_args(FileKindName))


AsOf = Annotated[
    datetime | None,
    typer.Option(help="Of which time (UTC) its balances are: what was paid after it is kept on top of them."),
]
ClosedPeriodReason = Annotated[
    str | None, typer.Option(help="Why rows are entered that are of closed days. Without it they are refused.")
]


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file; .gz is unpacked.")],
    kind: Annotated[
        str | None, typer.Option(help=f"What kind of file it is: {_KINDS}. Where it is not said, its name tells.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Give every row its verdict, and write nothing.")] = False,
    as_of: AsOf = None,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="One transaction, of 10,000 rows at most.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Also a file that was imported before.")] = False,
    encoding: Annotated[Literal["utf-8", "windows-1252"], typer.Option(help="What its bytes are.")] = "utf-8",
    closed_period_reason: ClosedPeriodReason = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Wait until it is carried out; do it here where no server does.")
    ] = False,
    result: Annotated[Path | None, typer.Option(help="With --follow: where to write what became of each row.")] = None,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Import FILE: rows of customers, accounts, bills, payments, adjustments or credits, or one of Moment's files.

    Exit status 0: all is well; 1: rows were rejected or in conflict; 2: the file was refused.
    """
    if kind is not None and kind not in get_args(FileKindName):
        raise typer.BadParameter(f"--kind must be one of {_KINDS}.")
    asked = ImportQuery(
        kind=kind,  # type: ignore[arg-type]
        file_name=file.name,
        as_of=as_of.replace(tzinfo=UTC) if as_of else None,
        dry_run=dry_run,
        apply="all_or_nothing" if all_or_nothing else "rows",
        again=again,
        encoding=encoding,
        closed_period_reason=closed_period_reason,
    )

    keep = timedelta(days=read_settings(data=data).file_days)

    async def run(database: Database) -> Job:
        tenant, _ = await find_tenant(database, merchant, live)
        received = await take_in(database, tenant, asked, _bytes_of(file), SYSTEM, None, keep)
        assert not isinstance(received, Refusal), "nobody else has its key, since it has none"
        job = await _follow(database, received.job) if follow else received.job
        if result and follow:
            with result.open("wb") as out:
                async for part in result_csv(database, job, None):
                    out.write(part)
        return job

    try:
        job = with_database(data, run)
    except FileRefusedError as error:
        _refused(error, as_json=as_json)
        raise typer.Exit(2) from None
    _finish(job, as_json=as_json)


def _finish(job: Job, *, as_json: bool) -> None:
    if as_json:
        print_json(import_body(job))
    else:
        _print(job)
    if job.status == "failed" or job.counts.get("rejected") or job.counts.get("conflict"):
        raise typer.Exit(1)


def _refused(error: FileRefusedError, *, as_json: bool) -> None:
    if as_json:
        print_json({"code": error.code, "detail": error.detail})
    else:
        print(f"dues: {error.code}: {error.detail}", file=sys.stderr)


def _print(job: Job) -> None:
    counts = msgspec.to_builtins(import_body(job).rows)
    said = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number and name != "total")
    error = f": {job.error.detail}" if job.error else ""
    print(f"{job.id}  {job.status}  {job.rows_total:,} rows{': ' if said else ''}{said}{error}")


async def _bytes_of(file: Path) -> AsyncIterator[bytes]:
    import gzip  # here, and not above: few files are packed

    with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as opened:
        while part := await asyncio.to_thread(opened.read, READ_BYTES):
            yield part


async def _follow(database: Database, job: Job) -> Job:
    """Waits for its end, and has it carried out here where nobody else does."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    holder = uuid.uuid4().hex
    carry_out = carrying_out(database, holder)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    helping = asyncio.create_task(_help(database, holder, carry_out))
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
            task: Any = bar.add_task("Checking", total=None)
            while job.status in UNDER_WAY:
                await asyncio.sleep(0.1)
                job = await find_job(database, job.tenant, job.id) or job
                done = sum(number for name, number in job.counts.items() if name != "warned")
                if job.status == "applying":
                    bar.update(task, description="Applying", total=job.rows_total, completed=done)
    finally:
        helping.cancel()
        with suppress(asyncio.CancelledError):
            await helping
    return job


async def _help(database: Database, holder: str, carry_out: CarryOut) -> None:
    while True:
        await carry_out_all(database, holder, carry_out)
        await analyze_outgrown(database)
        await asyncio.sleep(EVERY_SECONDS)
