"""`dues journal`: what moved on some days, for hledger, beancount, ledger or a spreadsheet."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import typer
from msgspec import Struct

from dues.backups.files import DiskError, Writing, whole_file
from dues.cli.bars import counter
from dues.cli.database import AsJson, Data, with_database
from dues.cli.export import call_of, unwritable
from dues.cli.merchants import Merchant
from dues.cli.signals import fail_on_signals
from dues.cli.tenants import Live, print_json
from dues.db.database import Database
from dues.domain.violations import Invalid
from dues.http.problems import ProblemError
from dues.http.queries import decode_query, invalid
from dues.resources.doing import Call, Document
from dues.resources.journal.query import JournalQuery
from dues.resources.journal.write import Observe, read_journal

Account = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ACCOUNT=NAME", help="What your books call an account: receivable=1200. The guide has them all."
    ),
]
Accounts = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help='The same for several, a JSON file: {"receivable": "1200"}.'),
]


class Written(Struct, frozen=True, kw_only=True):
    """What was written."""

    to: str
    movements: int
    bytes: int
    sha256: str
    seconds: float


def write_journal(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="The file to write, or to replace. Else it is printed.",
        ),
    ] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="DAY", help="The first day: 2026-01-01.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day; else today.")] = None,
    form: Annotated[
        Literal["hledger", "beancount", "ledger", "csv"], typer.Option("--format", help="For which program.")
    ] = "hledger",
    summary: Annotated[
        bool, typer.Option("--summary", help="One transaction for each day, method and currency, without customers.")
    ] = False,
    account: Account = None,
    accounts: Accounts = None,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write what moved on some days as double entries, for the program in which somebody keeps the books.

    Days are the merchant's. It is as everything was at one moment, and the same again for days that are over.
    """
    if as_json and output is None:
        raise typer.BadParameter("--json tells of a file: say --output too.")
    asked = {"from": first, "to": last, "format": form, "summary": "true" if summary else None}
    asked |= {f"accounts[{name}]": called for name, called in _named(accounts, account or []).items()}
    query = _read({name: text for name, text in asked.items() if text is not None})
    fail_on_signals()

    async def run(database: Database) -> Written | None:
        call = await call_of(database, merchant, live, query)
        if output is None:
            async for part in (await _document(call)).parts:
                sys.stdout.buffer.write(part)
            sys.stdout.flush()
            return None
        return await _write(call, output)

    written = with_database(data, run)
    if written is None:
        return
    if as_json:
        print_json(written)
    else:
        print(f"Wrote {written.movements:,} movements to {output} in {written.seconds:.1f} s.")


def _named(file: Path | None, said: Sequence[str]) -> Mapping[str, str]:
    """The names of accounts: of the file, and those that are said beside it."""
    names: dict[str, str] = {}
    if file:
        try:
            names = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise typer.BadParameter(f"--accounts cannot be read: {error}") from None
        if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
            raise typer.BadParameter('--accounts must be an object of names: {"receivable": "1200"}.')
    for one in said:
        account, equals, name = one.partition("=")
        if not equals:
            raise typer.BadParameter(f"--account must be an account and its name, like receivable=1200, not {one!r}.")
        names[account] = name
    return names


def _read(asked: Mapping[str, str]) -> Any:
    """What is asked for, as the API reads it."""
    try:
        return decode_query(urlencode(asked).encode(), JournalQuery)
    except ProblemError as error:
        raise typer.BadParameter(error.detail) from None


async def _document(call: Call, observe: Observe = lambda movements: None) -> Document:
    try:
        return await read_journal(call, observe)
    except Invalid as error:
        raise typer.BadParameter(invalid(error.violations).detail) from None


async def _write(call: Call, output: Path) -> Written:
    started, movements = time.monotonic(), 0
    with counter("Writing") as report:

        def observe(so_far: int) -> None:
            nonlocal movements
            movements = so_far
            report(so_far)

        document = await _document(call, observe)
        with whole_file(output, partial(unwritable, output)) as file:
            writing = Writing(file, lambda _: None)
            try:
                async for part in document.parts:
                    writing.add(part)
            except DiskError as error:
                raise unwritable(output, error.error) from error
    made, seconds = writing.done(), round(time.monotonic() - started, 2)
    return Written(to=str(output), movements=movements, bytes=made.bytes, sha256=made.sha256, seconds=seconds)
